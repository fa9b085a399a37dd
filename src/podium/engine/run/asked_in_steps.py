"""Calls of other agents that an agent asks for in its steps: keys below its own, that name the step."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from podium.engine.run.key_state import KeyState
from podium.model.fact import Fact
from podium.model.facts.calls import Asked
from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class AskedInStep:
    """A call that a step asked for, and how it ended."""

    key: str
    agent: str
    input: Json
    value: Json = None
    error: Exception | None = None
    """What it ended with instead of a value."""

    def given(self) -> Json:
        """Return what it gave, or raise what it ended with."""
        if self.error is not None:
            raise self.error
        return self.value


class RecordsBelow(Protocol):
    """The part of a history that tells what stands below a key."""

    records: dict[str, KeyState]

    def below(self, key: str) -> Iterator[str]:
        """Give the keys below one, each before those below it."""
        ...


def call_of(step: str) -> str:
    """Return the key of the call that a step is part of."""
    return step.partition("/")[0]


def asked_in_steps(history: RecordsBelow, call: str) -> Iterator[tuple[str, KeyState, Asked]]:
    """Give the calls that steps of a call asked for, as far as they are recorded: key, record and what was asked."""
    records: Mapping[str, KeyState] = history.records
    for key in history.below(call):
        record = records.get(key)
        asked = None if record is None else record.asked
        if record is not None and asked is not None and asked.step is not None and call_of(asked.step) == call:
            yield key, record, asked


def asks_in_steps(history: RecordsBelow, call: str) -> bool:
    """Whether steps of a call asked for others."""
    return any(asked_in_steps(history, call))


def any_asked_in_steps(call: str, facts: Iterable[Fact]) -> bool:
    """Whether steps of a call asked for others, by the facts below it."""
    said = (fact.content for fact in facts)
    return any(isinstance(each, Asked) and each.step is not None and call_of(each.step) == call for each in said)
