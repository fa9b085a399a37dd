"""Finds telephone numbers: as they are dialled from abroad, as they are in their countries, and labelled ones."""

import re

from podium.guards.finding.found import LETTERS, Found, digits_of, every, matches
from podium.guards.finding.labels import is_quantity, label_before

_LONGEST, _SHORTEST = 15, 8
"""Digits of a number that is dialled from abroad, by E.164."""
_LABELLED = range(5, _LONGEST + 1)
_COUNTRIES = frozenset({
    "1", "7", "20", "27", *map(str, range(30, 35)), "36", "39", "40", "41", *map(str, range(43, 50)),
    *map(str, range(51, 59)), *map(str, range(60, 67)), "81", "82", "84", "86", *map(str, range(90, 96)), "98",
})  # fmt: skip
_COUNTRIES_OF_THREE = frozenset({
    "21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85", "87",
    "88", "96", "97", "99",
})  # fmt: skip
"""The first two of three digits."""
_GAP = r"(?:[ \-./()]{0,2}|\)? [/\-] (?![0+]))"
"""What stands between the digits of one number; after a stroke with spaces around it another one may begin."""
_FREE = rf"(?<![0-9_{LETTERS}.,+\-/])(?<![0-9] )"
"""Nothing that the number would be a part of."""
_ENDS = rf"(?![0-9_{LETTERS}\-]|[.,/][0-9]| [0-9])"
_CURRENCY = re.compile(rf"(?:[€$£¥#]|(?<![{LETTERS}])(?:eur|usd|gbp|chf|pln|rub|brl|rs\.?))\s?$", re.IGNORECASE)
_DATE = re.compile(r"0?[0-9]{1,2}([\-./ ])(?:0[1-9]|1[0-2])\1(?:19|20)[0-9]{2}|0[0-9][ \-./](?:19|20)[0-9]{2}(?![0-9])")


def _is_dialled_from_abroad(match: re.Match[str]) -> bool:
    digits = "".join(map(str, digits_of(match[0])))
    if digits.startswith("0"):
        digits = digits.removeprefix("011").removeprefix("00")
        if not _has_country(digits) or label_before(match.string, match.start()) in {"other", "id", "card", "iban"}:
            return False
    return _SHORTEST <= len(digits) <= _LONGEST + (1 if "(0)" in match[0] else 0)


def _has_country(digits: str) -> bool:
    return digits[:1] in _COUNTRIES or digits[:2] in _COUNTRIES or digits[:2] in _COUNTRIES_OF_THREE


def _is_local(match: re.Match[str]) -> bool:
    """Whether nothing around it says that it is another number, and it is no date."""
    text, start, end = match.string, match.start(), match.end()
    if _DATE.match(match[0]) or is_quantity(text, end) or _CURRENCY.search(text[max(0, start - 5) : start]):
        return False
    return label_before(text, start) in {None, "phone"}


PHONES = (
    every(rf"(?<![0-9_{LETTERS}+])\+ ?[1-9](?:{_GAP}[0-9]){{7,16}}+(?![0-9])", _is_dialled_from_abroad),
    every(rf"{_FREE}\(?(?:00[ \-]?|011[ \-])[1-9](?:{_GAP}[0-9]){{8,16}}+(?![0-9])", _is_dialled_from_abroad),
    every(
        r"(?<![0-9_A-Za-z.\-+])(?:1[ \-.])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[\-. ])[2-9][0-9]{2}[\-. ][0-9]{4}"
        rf"(?![0-9_{LETTERS}\-]|\.[0-9])",
        _is_local,
    ),
    every(rf"{_FREE}\(?0 ?[1-9][0-9]{{0,3}}\)?(?: ?[/\-] ?| )(?:[ \-]?[0-9]){{6,9}}+{_ENDS}", _is_local),
    every(rf"{_FREE}0[1-9](?:([ .\-])[0-9]{{2}})(?:\1[0-9]{{2}}){{3}}{_ENDS}", _is_local),
    every(rf"{_FREE}\(?0[1-9][0-9]{{0,3}}\)?\.[0-9]{{3,8}}(?:\.[0-9]{{2,4}}){{0,2}}{_ENDS}", _is_local),
    every(rf"{_FREE}\([1-9][0-9]{{1,3}}\) ?[0-9]{{3,5}}(?:[ \-][0-9]{{2,4}}){{1,2}}{_ENDS}", _is_local),
    every(
        rf"{_FREE}(?:"
        r"[2-9][0-9]{2}([ \-])[0-9]{3}\1[0-9]{3}"  # Spain, Portugal, Poland
        r"|[2-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}"  # Spain, Poland
        r"|[2-9][0-9]{2} [0-9]{2} [0-9]{2} [0-9]{2}"  # Spain
        r"|[2-9][0-9] [0-9]{3} [0-9]{4}"  # Portugal
        r"|[1-9][0-9] 9?[0-9]{4}-[0-9]{4}"  # Brazil
        r"|3[2-9][0-9][ \-/.][0-9]{6,7}|3[2-9][0-9]([ \-.])[0-9]{3}\2[0-9]{3,4}"  # Italy
        r"|8[ \-]?\(?[3489][0-9]{2}\)?[ \-]?[0-9]{3}[ \-][0-9]{2}[ \-]?[0-9]{2}"  # Russia
        r"|8 ?\([3489][0-9]{2,4}\) ?[0-9]{1,3}-[0-9]{2}-[0-9]{2}"
        r"|0[1-9][0-9]{0,3}\([0-9]{1,4}\) ?[0-9]{3,4}"  # Japan
        r"|1[3-9][0-9]([ \-])[0-9]{4}\3[0-9]{4}"  # China
        r"|[6-9][0-9]{4} [0-9]{5}"  # India
        rf"){_ENDS}",
        _is_local,
    ),
)
"""From abroad; North American; with the national 0, of several kinds; the area code in brackets; and without a 0."""

_NUMBER = re.compile(rf"(?<![0-9_{LETTERS}.,])\+?\(?[0-9](?:{_GAP}[0-9]){{4,15}}(?![0-9_{LETTERS}]|[.,][0-9])")


def labelled_phones(text: str) -> Found:
    """Find numbers of any form before which it is said that they are those of a telephone."""
    for match in matches(_NUMBER, text):
        number = len(digits_of(match[0]))
        if number in _LABELLED and not _DATE.match(match[0]) and label_before(text, match.start()) == "phone":
            yield match.span()
