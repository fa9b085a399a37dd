"""Who may pass control to whom, and when passing it leads nowhere: what `handoff` decides, without calling anybody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from podium.errors import PatternError
from podium.model.json import Json
from podium.patterns.building.members import Member, abilities, known
from podium.patterns.building.names import named


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Pass control to another agent: `to` is its name, `context` what it needs to know, by name."""

    to: str
    reason: str
    context: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The task is done: `answer` is its result."""

    answer: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One agent passed control on: who, and with which note."""

    agent: str
    note: HandOff


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredBy:
    """What a `handoff` gives that is to tell who answered: the agent, its answer, and the turns that led there."""

    agent: str
    answer: Json
    turns: Sequence[Turn] = ()


class Control:
    """The rules by which control is passed. Raises PatternError where they name an unknown agent."""

    def __init__(
        self,
        agents: Mapping[str, Member],
        allowed: Mapping[str, Sequence[str]] | None,
        needs: Mapping[str, Sequence[str]],
    ) -> None:
        self._needs = needs
        known("handoff", "needs", needs, agents)
        if allowed is None:
            allowed = {who: [other for other in agents if other != who] for who in agents}
        known("handoff", "allowed", [*allowed, *(who for targets in allowed.values() for who in targets)], agents)
        if selfish := [who for who, targets in allowed.items() if who in targets]:
            raise PatternError(f"handoff: allowed lets {', '.join(selfish)} hand to themselves: leave that out.")
        chosen = {to for targets in allowed.values() for to in targets}
        receivers = {who: agent for who, agent in agents.items() if who in chosen}
        self.able = abilities("handoff", "an agent that may hand to them", receivers)
        """What those can do who may be handed to, as far as it is known before the run."""
        self.targets = {who: list(dict.fromkeys(allowed.get(who, ()))) for who in agents}
        """Whom each agent may hand to."""

    def offered(self, sender: str, able: Mapping[str, str]) -> dict[str, str]:
        """Return whom an agent may hand to, and what these can do."""
        return {to: self._about(to, able[to]) for to in self.targets[sender]}

    def _about(self, name: str, can: str) -> str:
        needed = ", ".join(self._needs.get(name, ()))
        return " ".join(filter(None, (can, needed and f"(needs in the context: {needed})")))

    def meant(self, sender: str, note: HandOff) -> HandOff:
        """Return a hand-off with the name of whoever is meant, where that is clear."""
        return replace(note, to=named(note.to, self.targets[sender]) or note.to)

    def objection(self, sender: str, note: HandOff) -> str | None:
        """Return why a hand-off is refused, or None where it is not."""
        targets = self.targets[sender]
        if note.to not in targets:
            there = f"hand to {' or '.join(targets)}" if targets else "you may hand to nobody: give an answer"
            return f"{sender} may not hand to {note.to}: {there}."
        if dropped := [key for key in self._needs.get(note.to, ()) if key not in note.context]:
            return f"{note.to} needs {', '.join(dropped)}, which this hand-off would drop: put it into the context."
        return None


def back_and_forth(turns: Sequence[Turn], times: int) -> tuple[str, str] | None:
    """Return the two agents who handed to each other `times` each way at last, if nothing new came with it.

    New is a name in the context, or a value under it, that no note before had. The first of these notes may bring some.
    """
    latest = turns[-2 * times :]
    if len(latest) < 2 * times or any(one.note.to != other.agent for one, other in pairwise(latest)):
        return None
    pair = {latest[0].agent, latest[0].note.to}
    if any({turn.agent, turn.note.to} != pair for turn in latest):
        return None
    known_before = set[tuple[str, str]]()
    for number, turn in enumerate(turns):
        said = {(key, json.dumps(value, sort_keys=True)) for key, value in turn.note.context.items()}
        if number > len(turns) - 2 * times and said - known_before:
            return None
        known_before |= said
    return latest[0].agent, latest[0].note.to
