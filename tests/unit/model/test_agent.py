"""Agents as types: what is left out of them is Any, also where Python itself reads an annotation."""

from typing import Any

import pytest

from podium import Agent, Workflow
from podium.patterns.building.pattern import Pattern


@pytest.mark.parametrize("kind", [Agent, Workflow, Pattern])
def test_what_an_agent_gives_may_be_left_out(kind: Any) -> None:
    assert kind[str] == kind[str, Any]
    assert kind[str, int].__args__ == (str, int)
    with pytest.raises(TypeError):
        kind[str, int, float]
