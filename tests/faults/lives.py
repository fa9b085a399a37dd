"""What one life of a process, from its start to its death, may do: nothing that was recorded before."""

from collections import Counter
from pathlib import Path

from podium.app import run_sync
from podium.model.fact import FactKind
from podium.reports.audit import audit
from podium.store.protocol import RunQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness


class Lives:
    """Compares, life by life, what the witness saw with what had been recorded when the life began.

    Where a process `forgets` within its life, because its store failed, it may do again what was not recorded.
    """

    def __init__(self, folder: Path, *, forgets: bool = False) -> None:
        self.store = folder / "podium.db"
        self.witness = Witness(folder / "witness")
        self.number = 0
        self._forgets = forgets
        self._seen = 0
        self._recorded: set[str] = set()

    def ended(self) -> None:
        """Check the life that has just ended."""
        self.number += 1
        lines = self.witness.lines()
        life, self._seen = Counter(lines[self._seen :]), len(lines)
        again = sorted(line for line in life if line in self._recorded)
        assert again == [], f"life {self.number} executed again what was recorded: {again}"
        twice = sorted(line for line, count in life.items() if count > 1 and not line.startswith("effect"))
        assert twice == [] or self._forgets, f"life {self.number} executed within itself twice: {twice}"
        self._recorded = recorded(self.store) if self.store.exists() else set()


def recorded(path: Path) -> set[str]:
    """Return, as lines of a witness, every attempt and step whose end is in the journal."""
    store = SqliteStore(str(path))
    found: set[str] = set()
    attempts = Counter[str]()
    for run in run_sync(store.runs(RunQuery(limit=100_000))).items:
        for fact in run_sync(store.facts(run.id)):
            call = f"call {run.id} {fact.key}"
            if fact.kind is FactKind.STEP:
                found.add(f"step {fact.key}")
            elif fact.kind is FactKind.RETRY:
                attempts[call] = fact.body["attempt"] - 1
                found.add(f"{call} {attempts[call]}")
            elif fact.kind is FactKind.ANSWERED:
                found.add(f"{call} {attempts[call] + 1}")
    assert run_sync(audit(store)).faults == []
    store.close()
    return found
