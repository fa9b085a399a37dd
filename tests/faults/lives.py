"""What one life of a process, from its start to its death, may do: nothing that was recorded before."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from podium.app import run_sync
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked, AttemptFailed, StepDone
from podium.model.run import Run
from podium.reports.audit import audit
from podium.store.codec import decode
from podium.store.protocol import RunQuery
from podium.testing import Witness
from tests.faults.stores import is_made, store_in

DONE = ("call ", "step ", "value ")
"""The words with which a witness says that something is done which must not be done again.

`call RUN KEY ATTEMPT` and `step RUN KEY` are begun, `value RUN WHO VALUE` is about to be given.
"""
HAD = "had "
"""Before what follows `value`: whoever asked for it was handed it, so it is recorded, whatever the journal says."""


class Lives:
    """Compares, life by life, what the witness saw with what had been recorded when the life began.

    Where a process `forgets` within its life, because its store failed, it may do again what was not recorded.
    """

    def __init__(self, folder: Path, *, forgets: bool = False) -> None:
        self.folder = folder
        self.witness = Witness(folder / "witness")
        self.number = 0
        self._forgets = forgets
        self._seen = 0
        self._recorded: set[str] = set()

    def ended(self, *, audited: bool = True) -> None:
        """Check the life that has just ended; unless it is `audited`, not whether all that is recorded holds."""
        self.number += 1
        done, again = self._judged()
        assert again == [], f"life {self.number} executed again what was recorded: {again}"
        twice = sorted(line for line, count in done.items() if count > 1)
        assert twice == [] or self._forgets, f"life {self.number} executed within itself twice: {twice}"
        self._recorded |= recorded(self.folder, audited=audited) if is_made(self.folder) else set()

    def repeated(self) -> list[str]:
        """Return what was executed again since the last look, while processes go on that do so.

        What they do while the store is read is not judged: it may be recorded by then.
        """
        _, again = self._judged()
        self._recorded |= recorded(self.folder, audited=False)
        self._seen = len(self.witness.lines())
        return again

    def _judged(self) -> tuple[Counter[str], list[str]]:
        """Return how often each thing was done since the last look, and what of it was recorded before."""
        lines = self.witness.lines()
        done, again = Counter[str](), list[str]()
        for line in lines[self._seen :]:
            if line.startswith(HAD):
                self._recorded.add(f"value {line.removeprefix(HAD)}")
            elif line.startswith(DONE):
                done[line] += 1
                again += [line] if line in self._recorded else []
        self._seen = len(lines)
        return done, again


def recorded(folder: Path, *, audited: bool) -> set[str]:
    """Return, as lines of a witness, every attempt, step and value whose end is in the journal."""
    store = store_in(folder)
    found: set[str] = set()
    for run in run_sync(store.runs(RunQuery(limit=100_000))).items:
        found |= recorded_of(run, run_sync(store.facts(run.id)))
    faults = run_sync(audit(store)).faults if audited else []
    assert faults == [], f"the journals do not hold: {faults}"
    store.close()
    return found


def recorded_of(run: Run, facts: Sequence[Fact]) -> set[str]:
    """Return what is recorded of a run. Once it was retried, what failed in it may come again."""
    found: set[str] = set()
    agents: dict[str, str] = {}
    attempts = Counter[str]()
    retried = any(fact.kind is FactKind.REWOUND for fact in facts)
    for fact in facts:
        call = f"call {run.id} {fact.key}"
        match fact.content:
            case Asked(agent=agent):
                agents[fact.key], attempts[call] = agent, 0
            case StepDone(name=name):
                found |= {f"step {run.id} {fact.key}", *value(run.id, name, fact)}
            case AttemptFailed(attempt=attempt):
                attempts[call] = attempt - 1
                found |= set() if retried else {f"{call} {attempts[call]}"}
            case AnsweredDone():
                found |= {f"{call} {attempts[call] + 1}", *value(run.id, agents.get(fact.key, ""), fact)}
            case _ if fact.kind is FactKind.ANSWERED and not retried:
                found.add(f"{call} {attempts[call] + 1}")
            case _:
                pass
    return found


def value(run: str, who: str, fact: Fact) -> set[str]:
    """Return the line of a witness for what somebody gave; what was handed back was given earlier."""
    return set() if fact.payload is None else {f"value {run} {who} {json.dumps(decode(fact.payload))}"}
