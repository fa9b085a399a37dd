"""Finds numbers that states give to persons, by their checksums where they have one."""

import re
from collections import Counter
from collections.abc import Callable

from podium.guards.finding.found import AFTER, BEFORE, LETTERS, Finder, Found, digits_of, every, matches
from podium.guards.finding.labels import label_before
from podium.guards.finding.money import is_luhn

_FREE, _ENDS = rf"(?<![0-9_{LETTERS}.,\-])", rf"(?![0-9_{LETTERS}\-]|[.,][0-9])"
_US_SSN = every(
    rf"{_FREE}(?<![0-9] )(?!000|666|9)[0-9]{{3}}([ \-])(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}(?! [0-9]){_ENDS}"
)
_UK_NINO = every(
    rf"{BEFORE}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    rf"([ .\-]?)[0-9]{{2}}\1[0-9]{{2}}\1[0-9]{{2}}\1[A-D]{AFTER}",
    ignore_case=True,
)


def _holds(check: Callable[[str], bool]) -> Callable[[re.Match[str]], bool]:
    """Return a check of what was matched, without what stands between its groups."""
    return lambda match: check(_SIGNS.sub("", match[0]).upper())


_SIGNS = re.compile(r"[ .\-/]")


def _is_german_tax_id(text: str) -> bool:
    """ISO 7064 MOD 11,10; of the first ten digits one comes two or three times, no other one twice."""
    *body, last = digits_of(text)
    repeated = [times for times in Counter(body).values() if times > 1]
    if len(repeated) != 1 or repeated[0] > 3:  # noqa: PLR2004
        return False
    rest = 10
    for each in body:
        rest = (((each + rest) % 10 or 10) * 2) % 11
    return (11 - rest) % 10 == last


def _is_french_nir(text: str) -> bool:
    number = text.replace("2A", "19").replace("2B", "18")
    return 97 - int(number[:13]) % 97 == int(number[13:])


_SPANISH_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def _is_spanish(text: str) -> bool:
    digits = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _SPANISH_LETTERS[int(digits) % 23] == text[-1]


_ITALIAN_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
"""What a character in an odd place of a codice fiscale counts."""


def _is_italian(text: str) -> bool:
    odd = sum(_ITALIAN_ODD[each] for each in text[0:15:2])
    even = sum(int(each, 36) - (0 if each.isdigit() else 10) for each in text[1:15:2])
    return chr(ord("A") + (odd + even) % 26) == text[15]


def _is_brazilian(text: str) -> bool:
    number = digits_of(text)
    if len(set(number)) == 1:
        return False
    first, second = (
        sum(weight * each for weight, each in zip(range(size + 1, 1, -1), number, strict=False)) * 10 % 11 % 10
        for size in (9, 10)
    )
    return number[9:] == [first, second]


def _is_belgian(text: str) -> bool:
    """Modulo 97; who was born from 2000 on has a 2 before the number that is divided."""
    check = int(text[9:])
    return check in (97 - int(text[:9]) % 97, 97 - int(f"2{text[:9]}") % 97)


def _is_swedish(text: str) -> bool:
    return is_luhn(digits_of(text)[-10:])


def _is_swiss(text: str) -> bool:
    number = digits_of(text)
    return sum(each * (3 if place % 2 else 1) for place, each in enumerate(number)) % 10 == 0


_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def _is_finnish(match: re.Match[str]) -> bool:
    return _FINNISH[int(match[0][:6] + match[0][7:10]) % 31] == match[0][10]


def _is_russian(text: str) -> bool:
    """What a SNILS ends in: the weighted sum of its digits, modulo 101."""
    number = digits_of(text)
    total = sum(weight * each for weight, each in zip(range(9, 0, -1), number[:9], strict=True))
    return total % 101 % 100 == int(text[9:])


_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_chinese(text: str) -> bool:
    total = sum(weight * int(each) for weight, each in zip(_CHINESE_WEIGHTS, text[:17], strict=True))
    return "10X98765432"[total % 11] == text[17]


_YEAR, _DAY = r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"

NATIONAL: tuple[Finder, ...] = (
    _US_SSN,
    _UK_NINO,
    every(rf"{_FREE}[1-9][0-9](?:[0-9]{{9}}|([ /])[0-9]{{3}}(?:\1[0-9]{{3}}){{2}}){_ENDS}", _holds(_is_german_tax_id)),
    every(
        rf"{BEFORE}[12][ .\-]?[0-9]{{2}}[ .\-]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ .\-]?(?:[0-9]{{2}}|2[AB])[ .\-]?"
        rf"[0-9]{{3}}[ .\-]?[0-9]{{3}}[ .\-/]{{0,3}}[0-9]{{2}}{AFTER}",
        _holds(_is_french_nir),
    ),
    every(
        rf"{BEFORE}(?:[0-9]{{2}}|[XYZ][ \-]?[0-9])\.?[0-9]{{3}}\.?[0-9]{{3}}[ \-]?[A-Z]{AFTER}",
        _holds(_is_spanish),
        ignore_case=True,
    ),
    every(
        rf"{BEFORE}[A-Z]{{3}} ?[A-Z]{{3}} ?[0-9]{{2}}[A-EHLMPRST][0-9]{{2}} ?[A-Z][0-9]{{3}}[A-Z]{AFTER}",
        _holds(_is_italian),
        ignore_case=True,
    ),
    every(rf"{BEFORE}[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{3}}[\-/][0-9]{{2}}{AFTER}", _holds(_is_brazilian)),
    every(rf"{_FREE}[0-9]{{2}}\.[01][0-9]\.[0-3][0-9]-[0-9]{{3}}[.\-][0-9]{{2}}{_ENDS}", _holds(_is_belgian)),
    every(rf"{_FREE}(?:19|20)?[0-9]{{2}}[01][0-9]{_DAY}-[0-9]{{4}}{_ENDS}", _holds(_is_swedish)),
    every(rf"{_FREE}756\.[0-9]{{4}}\.[0-9]{{4}}\.[0-9]{{2}}{_ENDS}", _holds(_is_swiss)),
    every(rf"{BEFORE}{_DAY}[01][0-9][0-9]{{2}}[+\-A-FU-Y][0-9]{{3}}[0-9A-Y]{AFTER}", _is_finnish),
    every(rf"{_FREE}[0-9]{{3}}-[0-9]{{3}}-[0-9]{{3}}[ \-][0-9]{{2}}{_ENDS}", _holds(_is_russian)),
    every(rf"{BEFORE}[1-9][0-9]{{5}}{_YEAR}{_DAY}[0-9]{{3}}[0-9Xx]{AFTER}", _holds(_is_chinese)),
)
"""United States, United Kingdom, Germany, France, Spain, Italy, Brazil, Belgium, Sweden, Switzerland, Finland, Russia,
China: where the number itself tells that it is one."""

_LABELLED = re.compile(
    rf"{_FREE}(?:[A-Za-z]{{1,5}}-?|(?P<apart>[A-Z]{{1,3}} ))?(?P<digits>[0-9]"
    rf"(?:[ .\-/]{{0,2}}[0-9]|-?[A-Za-z](?![a-z])| [A-Z](?![A-Za-z])){{4,21}}){AFTER}(?!,?[0-9])"
)
_FEWEST = 4
"""Digits of a number that is labelled."""


def labelled_ids(text: str) -> Found:
    """Find numbers before which it is said that a state gave them to a person."""
    for match in matches(_LABELLED, text):
        if len(digits_of(match[0])) < _FEWEST:
            continue
        if label_before(text, match.start()) == "id":
            yield match.span()
        elif match["apart"] and label_before(text, match.start("digits")) == "id":  # its letters were the label
            yield match.span("digits")
