"""Finds accounts: IBANs by their checksum, cards by issuer and Luhn's, and numbers that are labelled as such."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from podium.guards.finding.found import LETTERS, Found, digits_of, every, matches
from podium.guards.finding.labels import label_before

_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2} ?[0-9]{2}(?=[ .\-]?[A-Za-z0-9])")
_BETWEEN = " .-"
"""What stands between the groups of an account."""
_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
        "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
        "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
        "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
        "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
        "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
        "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
        "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
    }
)  # fmt: skip
"""Characters of an IBAN by country, from SWIFT's registry."""


def iban(text: str) -> Found:
    """Find account numbers, written together or in groups."""
    for match in matches(_START, text):
        length = _LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        end, number = match.start(), ""
        while len(number) < length and end < len(text):
            each = text[end]
            if each in _BETWEEN and text[end - 1] not in _BETWEEN:
                end += 1
                continue
            if not (each.isascii() and each.isalnum()):
                break
            number += each
            end += 1
        following = text[end : end + 1]
        whole = len(number) == length and not (following.isascii() and following.isalnum())
        if whole and (_is_iban(number.upper()) or label_before(text, match.start()) == "iban"):
            yield match.start(), end


def _is_iban(number: str) -> bool:
    turned = number[4:] + number[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


_ISSUERS: tuple[tuple[range, int, range], ...] = (
    (range(4, 5), 1, range(13, 20)),
    (range(51, 56), 2, range(16, 17)),
    (range(2221, 2721), 4, range(16, 17)),
    (range(34, 35), 2, range(15, 16)),
    (range(37, 38), 2, range(15, 16)),
    (range(6011, 6012), 4, range(16, 20)),
    (range(644, 660), 3, range(16, 20)),
    (range(3528, 3590), 4, range(16, 20)),
    (range(300, 306), 3, range(14, 20)),
    (range(36, 37), 2, range(14, 20)),
    (range(38, 40), 2, range(16, 20)),
    (range(62, 63), 2, range(16, 20)),
)
"""First digits, how many of them, and the lengths of cards that begin so (ISO/IEC 7812)."""


def _is_card(match: re.Match[str]) -> bool:
    number = digits_of(match[0])
    written = "".join(map(str, number))
    issued = any(int(written[:width]) in first and len(number) in lengths for first, width, lengths in _ISSUERS)
    return issued and len(set(number)) > 1 and is_luhn(number)


def is_luhn(number: list[int]) -> bool:
    """Whether digits end in the check digit of ISO/IEC 7812."""
    doubled = [sum(divmod(2 * each, 10)) for each in number[-2::-2]]
    return (sum(number[-1::-2]) + sum(doubled)) % 10 == 0


CARD = every(
    r"(?<![0-9])(?:[0-9]{13,19}|[0-9]{4}([ .\-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?"
    r"|[0-9]{4}([ .\-])[0-9]{6}\2[0-9]{4,5})(?![0-9])",
    _is_card,
)
"""Cards, in one piece or in the groups that are printed on them."""

_NUMBER = re.compile(rf"(?<![0-9_{LETTERS}.,])[0-9](?:[ .\-/]?[0-9]){{5,27}}(?![0-9_{LETTERS}]|[.,][0-9])")
_OF_CARD, _OF_ACCOUNT = range(12, 20), range(6, 29)
"""Digits of a card, and of an account by the rules of its bank."""


def labelled_accounts(text: str) -> Found:
    """Find numbers before which it is said that they are those of an account."""
    yield from _labelled(text, "iban", _OF_ACCOUNT)


def labelled_cards(text: str) -> Found:
    """Find numbers before which it is said that they are those of a card."""
    yield from _labelled(text, "card", _OF_CARD)


def _labelled(text: str, kind: str, lengths: range) -> Found:
    for match in matches(_NUMBER, text):
        if len(digits_of(match[0])) in lengths and label_before(text, match.start()) == kind:
            yield match.span()
