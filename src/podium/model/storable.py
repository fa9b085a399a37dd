"""What every store can hold: checked where a value enters, so that the mistake is told to whoever made it."""

from podium.errors import InvalidValue
from podium.secrets.masking import MASKING

KEY_BYTES = 65_535
"""The most that the key of a fact may have: call, step and the steps it is inside of."""

_INTEGER = 2**63
_SHOWN = 80


def check_text(what: str, text: str | None) -> None:
    """Raise InvalidValue where a text cannot be stored; `what` names it: `the tag`."""
    if text is None:
        return
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers need not be typed
        raise InvalidValue(f"{what} is {text!r}; expected text")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(
            f"{what} cannot be stored: character {error.start} of {_shown(text)} is half of a surrogate pair, as when "
            "a text was cut in the middle of an emoji. Cut it elsewhere, or replace the character."
        ) from error


def check_name(what: str, name: str | None) -> None:
    """Raise InvalidValue where a name that comes from outside cannot be stored, or has a known secret in it.

    A text is masked, but a name would be another one then: two would fall into one, or nobody would find it again.
    """
    check_text(what, name)
    if name is not None and MASKING.active and (secret := MASKING.secret_in(name)) is not None:
        raise InvalidValue(
            f"{what} has the secret {secret} in it, and names are stored as they are. Call it otherwise, such as "
            "by the reference of the secret."
        )


def check_integer(what: str, number: int) -> None:
    """Raise InvalidValue where a whole number has more than 64 bits."""
    if not -_INTEGER <= number < _INTEGER:
        raise InvalidValue(f"{what} is {number}; expected a whole number of at most 64 bits")


def check_key(what: str, key: str) -> None:
    """Raise InvalidValue where the key of a fact cannot be stored."""
    check_text(what, key)
    size = len(key) if key.isascii() else len(key.encode())
    if size > KEY_BYTES:
        raise InvalidValue(
            f"{what} has {size:,} bytes; expected at most {KEY_BYTES:,}. Use a short name, such as a hash of the text."
        )


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
