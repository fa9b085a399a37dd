"""Compares what the journal says with what the witness saw, and reads from the journal what became of each ticket."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from podium import Run, RunState
from podium.app import run_sync
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.store.protocol import ReadStore, RunQuery, walk
from scoring import Outcome

ALL = 1_000_000
Call = tuple[str, str]
"""A run and a key in it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All runs of the desk with their facts, as they were at one moment."""

    runs: dict[str, Run]
    facts: dict[str, list[Fact]] = field(repr=False)

    @property
    def settled(self) -> list[Run]:
        """The runs that ended well, or wait for a person."""
        return [run for run in self.runs.values() if run.state is RunState.DONE or self.waits(run.id)]

    def waits(self, run: str) -> bool:
        """Whether a run waits for a person."""
        return self.runs[run].state is RunState.PARKED and self.facts[run][-1].kind is FactKind.QUESTION

    @property
    def recorded(self) -> set[Call]:
        """The agents' calls whose outcome is in the journal."""
        return {(run, key) for run in self.facts for key in self._answers(run)}

    def tickets(self) -> dict[str, str]:
        """Return the run of each ticket."""
        return {facts[0].value()["id"]: run for run, facts in self.facts.items()}

    def outcome(self, run: str) -> Outcome:
        """Return what the desk made of a ticket: the draft, and whether it was sent without a person."""
        said = dict(self._answers(run).values())
        draft, verdict = said["responder"], said["quality"]
        return Outcome(draft["category"], draft["page"], asked=not verdict["send"])

    def _answers(self, run: str) -> dict[str, tuple[str, Json]]:
        """Return who answered what, by key."""
        asked = {fact.key: fact.body["agent"] for fact in self.facts[run] if fact.kind is FactKind.ASKED}
        answers = (fact for fact in self.facts[run] if fact.kind is FactKind.ANSWERED and fact.key in asked)
        return {fact.key: (asked[fact.key], fact.value()) for fact in answers}


def snapshot(store: ReadStore) -> Snapshot:
    """Read everything that is recorded now."""
    return run_sync(_recorded(store))


async def _recorded(store: ReadStore) -> Snapshot:
    runs = {run.id: run async for run in walk(store.runs, RunQuery(workflow="desk"))}
    return Snapshot(runs, {run: await store.facts(run) for run in runs})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a kill in the middle did."""

    repeated: set[Call]
    """Calls that ran again although their outcome was recorded. There must be none."""
    tried_again: set[Call]
    """Calls that were in flight at the kill, so that nobody knew how they ended."""
    unseen: set[Call]
    """Calls that the journal has an outcome of and the witness never saw. There must be none."""


def compare(before: Snapshot, seen_before: list[str], after: Snapshot, seen_after: list[str]) -> Evidence:
    """Compare journal and witness right after the kill with both at the end. `seen_after` begins with `seen_before`."""
    old, new = _calls(seen_before), _calls(seen_after[len(seen_before) :])
    in_flight = set(old) - before.recorded
    again = {call for call in new if call in old or new[call] > 1} | {call for call in old if old[call] > 1}
    return Evidence(
        repeated=(before.recorded & set(new)) | (again - in_flight),
        tried_again=again & in_flight,
        unseen=after.recorded - set(old) - set(new),
    )


def witness_lines(path: Path) -> list[str]:
    """Return what the witness has seen so far, in order."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _calls(lines: list[str]) -> Counter[Call]:
    """Count how often each call was carried out; a line is `RUN KEY ATTEMPT AGENT`."""
    return Counter((run, key) for run, key, _, _ in (line.split(" ") for line in lines))
