"""Questions that mean nearly the same are not the same to a cache where a number in them is another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.model.cache import CacheByMeaning
from podium.testing.embedder import HashedEmbedder

NEAR = CacheByMeaning(embed=HashedEmbedder(8))
FRAMES = ("Is {} enough?", "Is that enough: {}?", "{}, is that enough?", "Ist das genug? Also {}.", "{}は足りますか。")
"""Ways to ask about one number; what stands around it is no part of it."""


def written() -> st.SearchStrategy[str]:
    """Give numbers as people write them."""
    sign = st.sampled_from(["", "", "-", "+", "\u2212", "- ", "$", "€", "-$", "$ ", "<", "≥ "])
    digits = st.from_regex(r"[0-9]{1,4}", fullmatch=True)
    point = st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from(".,:/"), digits))
    unit = st.sampled_from(["", "", "%", " %", "k", "km", "e3", "E-3", "²", "½", "°", "€", " €", "th", "!"])
    return st.builds("{}{}{}{}".format, sign, digits, point, unit) | st.builds("{}{}".format, st.just("."), digits)


def must_be_equal(text: str) -> object:
    parts = NEAR.parts(text)
    assert parts is not None
    assert parts[0] == text
    return parts[1]


@given(written(), written(), st.sampled_from(FRAMES))
def test_another_number_is_another_question(one: str, other: str, frame: str) -> None:
    same = one == other
    assert (must_be_equal(frame.format(one)) == must_be_equal(frame.format(other))) is same


@given(written(), st.sampled_from(FRAMES), st.sampled_from(FRAMES))
def test_what_stands_around_a_number_is_no_part_of_it(number: str, frame: str, other: str) -> None:
    assert must_be_equal(frame.format(number)) == must_be_equal(other.format(number))


@given(st.lists(written(), min_size=1, max_size=3), st.lists(written(), min_size=1, max_size=3))
def test_several_numbers_are_equal_in_their_order(some: list[str], others: list[str]) -> None:
    same = some == others
    assert (must_be_equal(" and ".join(some)) == must_be_equal(" and ".join(others))) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 5 - 3?", "What is 5 + 3?"), ("What is 5 * 3?", "What is 5 / 3?"), ("at -5 degrees", "at 5 degrees"),
        ("$1.50 for 2", "1 50 for 2"), ("between 1 and 50", "between 1.50"), ("1 … 50", "1.50"), ("1.5e3 W", "1.5e4 W"),
        (".5 l", "5 l"), ("10² m", "10³ m"), ("1½ kg", "1¼ kg"), ("10:30", "10 30"), ("5% off", "5 off"),
        ("\u0665", "\u0666"),
    ],
)  # fmt: skip
def test_two_that_look_alike_are_told_apart(one: str, other: str) -> None:
    assert must_be_equal(one) != must_be_equal(other)
    assert must_be_equal(one) == must_be_equal(f"Tell me - please: {one}")


def test_where_no_number_is_words_and_signs_may_be_others() -> None:
    assert must_be_equal("Where - and why - is it?") == must_be_equal("Where is it, and why?")
