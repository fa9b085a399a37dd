"""A text is like a pattern as a regular expression would have it, and no pattern makes that take long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.dispatch.rules.delegation import likeness
from podium.dispatch.rules.delegation.bounds import check_bounds
from podium.dispatch.rules.delegation.likeness import LONGEST_TEXT, like
from podium.errors import InvalidValue

PIECES = st.sampled_from(["*", "**", "***", "?", "a", "b", "@", ".", "[ab]", "[!a]", "[!b@]", "[]]", "\n"])
TEXTS = st.text("ab@.\n]", max_size=8)


@given(st.lists(PIECES, max_size=7).map("".join), TEXTS)
def test_it_is_as_a_regular_expression_has_it(pattern: str, text: str) -> None:
    tokens = likeness._TOKEN.findall(pattern)  # pyright: ignore[reportPrivateUsage] - the same, read in another way
    wanted = re.fullmatch("".join(map(likeness._expression, tokens)), text, re.DOTALL)  # pyright: ignore[reportPrivateUsage]
    assert like(pattern)(text) is (wanted is not None)
    assert likeness._Places(tokens).fit(text) is (wanted is not None)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**a" * 60 + "b", "?*" * 60 + "b", "**" + "[!b]*" * 60 + "@"])
def test_no_pattern_takes_long(pattern: str) -> None:
    began = time.process_time()
    assert not like(pattern)("a" * 3_000)
    assert time.process_time() - began < 1  # a regular expression takes longer than anybody waits


def test_a_text_that_is_too_long_is_like_no_pattern_with_several_stars() -> None:
    assert like("**a**")("a" * LONGEST_TEXT)
    assert not like("**a**")("a" * (LONGEST_TEXT + 1))
    assert like("a**")("a" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize("patterns", [["x"] * 201, ["x" * 1_001]])
def test_no_delegation_has_more_patterns_than_are_looked_through_quickly(patterns: list[str]) -> None:
    check_bounds({"desk": {"to": patterns[1:] if len(patterns) > 1 else "x" * 1_000}})
    with pytest.raises(InvalidValue, match="at most 200, of at most 1000 characters each"):
        check_bounds({"desk": {"to": patterns}})


@pytest.mark.parametrize("pattern", ["[z-a]", "*[z-a]*"])
def test_a_pattern_that_cannot_be_read_is_told_when_it_is_granted(pattern: str) -> None:
    with pytest.raises(InvalidValue, match="cannot be read: bad character range z-a"):
        check_bounds({"desk": {"to": pattern}})
