"""The ways in which code inside a call of an LLM agent asks a model or uses a tool."""

from collections.abc import Iterable, Sequence

import pytest
from _pytest.mark import ParameterSet

from tests.e2e.models.asking_ways import ASKING_WAYS
from tests.e2e.models.hook_ways import HOOK_WAYS
from tests.e2e.models.scripted import Script
from tests.e2e.models.tool_ways import TOOL_WAYS
from tests.e2e.models.way import PLAIN, Way

WAYS: Sequence[Way] = (*ASKING_WAYS, *HOOK_WAYS, *TOOL_WAYS)


def parameters(ways: Iterable[Way], *, every: int = 1) -> list[ParameterSet]:
    """Return ways to be tried: the first of `every` so many rows of the table, all others with the long tests."""
    known, found, firsts = set[str](), list[ParameterSet](), 0
    for way in ways:
        is_first = way.row not in known
        quick = is_first and firsts % every == 0
        found.append(pytest.param(way, id=way.name, marks=[] if quick else [pytest.mark.system]))
        firsts += is_first
        known |= {way.row} if way.row else set()
    return found


def scripts_of(way: Way) -> dict[str, Script]:
    """Return what the models of a way answer."""
    return {**PLAIN, **way.scripts}
