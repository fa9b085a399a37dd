"""Another input for a call that a fork makes anew."""

from dataclasses import dataclass
from typing import Any

from podium.dispatch.registry import Registry
from podium.errors import NotPossible
from podium.model.fact import Fact
from podium.model.facts.calls import Asked
from podium.model.facts.runs import InputEdited
from podium.store.codec import encode
from podium.store.inserting import NewFact


@dataclass(frozen=True, slots=True)
class Edited:
    """Another input, whatever it is."""

    input: Any


def edited_input(asked: Fact, input: Any, registry: Registry, at: float) -> NewFact:
    """Return the fact that gives a call another input.

    Raises NotPossible where it is no call of an agent, UnknownAgent where this process does not have the agent, and
    InvalidValue where the agent cannot take the input.
    """
    said = asked.content
    if not isinstance(said, Asked):
        raise NotPossible(f"{asked.key} is no call of an agent: only such a call has an input to edit.")
    takes = registry.get(said.agent, said.version).input
    return NewFact.saying(InputEdited(key=asked.key), "", at, encode(takes.dump(takes.load(input))))
