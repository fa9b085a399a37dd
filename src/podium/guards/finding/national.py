"""Finds numbers that states give to persons, by their checksums where they have one."""

from collections import Counter

from podium.guards.finding.found import Finder, digits_of, every

_US_SSN = every(r"(?<![\w\-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w\-])")
_UK_NINO = every(
    r"(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?!\w)"
)


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
    number = text.replace(" ", "").replace("2A", "19").replace("2B", "18")
    return 97 - int(number[:13]) % 97 == int(number[13:])


_SPANISH_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def _is_spanish(text: str) -> bool:
    number = text.replace("-", "")
    digits = number[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _SPANISH_LETTERS[int(digits) % 23] == number[-1]


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


def _is_polish(text: str) -> bool:
    number = digits_of(text)
    return sum(weight * each for weight, each in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), number, strict=True)) % 10 == 0


NATIONAL: tuple[Finder, ...] = (
    _US_SSN,
    _UK_NINO,
    every(r"(?<![\w.,\-])[1-9][0-9](?:[0-9]{9}|(?: [0-9]{3}){3})(?![\w\-]|[.,][0-9])", _is_german_tax_id),
    every(
        r"(?<!\w)[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?!\w)",
        _is_french_nir,
    ),
    every(r"(?<!\w)(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z](?!\w)", _is_spanish),
    every(r"(?<!\w)[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z](?!\w)", _is_italian),
    every(r"(?<!\w)[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?!\w)", _is_brazilian),
    every(r"(?<=PESEL )[0-9]{11}(?!\w)|(?<=PESEL: )[0-9]{11}(?!\w)", _is_polish),
)
"""United States, United Kingdom, Germany, France, Spain, Italy, Brazil, Poland (where it is said to be a PESEL)."""
