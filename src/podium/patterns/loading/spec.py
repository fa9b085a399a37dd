"""`load`: what `spec()` wrote down, made into a pattern again."""

from collections.abc import Iterable, Mapping
from typing import cast

from podium.errors import PatternError
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns.building.members import Member
from podium.patterns.building.pattern import Pattern
from podium.patterns.loading.node import Mistaken, Scalar, node_of
from podium.patterns.loading.reading import Reader

Agents = Iterable[AnyAgent] | Mapping[str, AnyAgent]
"""Agents that may be named."""


def load(spec: Json, *, agents: Agents = ()) -> Pattern:
    """Return the pattern that a spec describes: the inverse of `Pattern.spec()`.

    `agents` are those it names; another name stands for a registered agent. Functions and agents written as
    `module:name` are imported, so a spec is code: load only what you trust. Raises PatternError with all mistakes, one
    a line, each with the way to it.
    """
    known = by_name(agents)
    try:
        return Reader(_Given(known)).pattern(node_of(spec))
    except Mistaken as error:
        raise PatternError("\n".join(map(str, error.mistakes))) from error


def by_name(agents: Agents) -> Mapping[str, AnyAgent]:
    """Return agents by the name under which they may be named."""
    if isinstance(agents, Mapping):
        return cast("Mapping[str, AnyAgent]", agents)
    return {each.card.name: each for each in agents}


class _Given:
    """Knows the agents that are given; any other name is that of a registered one."""

    def __init__(self, agents: Mapping[str, AnyAgent]) -> None:
        self._agents = agents

    def get(self, node: Scalar) -> AnyAgent | None:
        return self._agents.get(node.value)

    def unknown(self, node: Scalar) -> Member:
        return str(node.value)
