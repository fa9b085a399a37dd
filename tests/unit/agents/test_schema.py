"""When no value of one schema can be of another."""

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.agents.schema import disagreement
from podium.agents.shape import shape_of
from podium.errors import InvalidValue


@dataclass
class Inner:
    number: int


@dataclass
class Outer:
    name: str
    inner: Inner
    more: list[Inner]


@dataclass
class Other:
    name: str
    inner: str


def of(given: Any, taken: Any) -> str | None:
    return disagreement(shape_of(given).schema, shape_of(taken).schema)


@pytest.mark.parametrize(
    ("given", "taken", "why"),
    [
        (int, str, "it is integer, where string is taken"),
        (str | None, int | bool, "it is string, where integer is taken"),
        (list[str], list[int], "[] is string, where integer is taken"),
        (Outer, Other, "inner is object, where string is taken"),
        (Inner, Outer, "name is missing"),
        (Literal["a", "b"], int, "it is string, where integer is taken"),
    ],
)
def test_what_can_never_fit_is_told_with_its_place(given: Any, taken: Any, why: str) -> None:
    assert of(given, taken) == why


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (Any, int),
        (int, Any),
        (int, float),
        (int | str, str),
        (Outer, Outer),
        (Outer, dict[str, Any]),
        (dict[str, int], Inner),
    ],
)
def test_what_may_fit_is_let_pass(given: Any, taken: Any) -> None:
    assert of(given, taken) is None


KINDS = st.sampled_from(
    [int, str, float, bool, type(None), Inner, Outer, list[int], list[str], dict[str, int], int | str]
)
VALUES = st.sampled_from([0, "a", 1.5, True, None, {"number": 1}, [1], ["a"], {"a": 1}, []])


@given(KINDS, KINDS, VALUES)
def test_no_value_that_fits_both_is_called_impossible(one: Any, other: Any, value: Any) -> None:
    if of(one, other) is None:
        return
    fitting = 0
    for kind in (one, other):
        try:
            fitting += shape_of(kind).dump(value) is not NotImplemented
        except InvalidValue:
            continue
    assert fitting < 2 or value == []
