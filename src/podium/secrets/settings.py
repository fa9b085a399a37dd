"""What the settings say of secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from podium.errors import UsageError


def _are_texts(value: object) -> bool:
    if not isinstance(value, tuple | list):
        return False
    return all(isinstance(each, str) for each in cast("Sequence[object]", value))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """`[podium.secrets]`."""

    known: tuple[str, ...] = ()
    """References to secrets that are masked from the start, and that data may refer to."""

    def __post_init__(self) -> None:
        if not _are_texts(self.known):
            raise UsageError('known of the secrets are no references; expected some, such as ("env:API_KEY",).')
