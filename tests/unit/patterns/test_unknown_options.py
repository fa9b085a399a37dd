"""No pattern takes an option that it would not heed, whatever else has one of that name."""

import inspect
from typing import Any

import pytest
from typing_extensions import get_type_hints

from podium import agent, patterns
from podium.errors import PatternError
from podium.model.agent import CARD_OPTIONS
from podium.patterns.building.pattern import CardFields
from tests.catalogue.entry import entries

HEEDED = set(get_type_hints(CardFields))
NOT_HEEDED = sorted(CARD_OPTIONS.keys() - HEEDED)


@agent
async def write(text: str) -> str:
    """Write."""
    return text


@pytest.mark.parametrize("option", [*NOT_HEEDED, "xyz"])
@pytest.mark.parametrize("kind", sorted(entries()))
def test_an_option_that_no_pattern_heeds_is_refused(kind: str, option: str) -> None:
    required = {
        name: write for name, each in inspect.signature(getattr(patterns, kind)).parameters.items()
        if each.default is each.empty and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    }  # fmt: skip
    with pytest.raises(PatternError, match=f"^{kind} has no option '{option}': (there is|did you mean) "):
        build(kind, **required, **{option: None})


def build(kind: str, **options: Any) -> object:
    return getattr(patterns, kind)(**options)


@pytest.mark.parametrize(
    ("kind", "option", "meant"),
    [("parallel", "quorom", "quorum"), ("saga", "retries", "retry"), ("race", "nme", "name")],
)  # fmt: skip
def test_the_option_that_was_meant_is_named(kind: str, option: str, meant: str) -> None:
    with pytest.raises(PatternError, match=f"^{kind} has no option '{option}': did you mean {meant}\\?$"):
        build(kind, **{option: 1})


def test_arguments_that_do_not_fit_name_the_pattern() -> None:
    with pytest.raises(TypeError, match=r"^refine\(\): missing a required argument: 'until'$"):
        build("refine", writer=write, critic=write)
