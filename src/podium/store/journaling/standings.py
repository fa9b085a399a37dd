"""How the runs stand that a transaction starts, tells something, or lets go."""

from collections.abc import Collection, Iterator, Sequence

from podium.model.run import RunState
from podium.store.inserting import NewRun
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.transaction import Transaction

_Tag = tuple[str, str, str | None]


class Standings:
    """What is known of runs, with what this transaction changed."""

    __slots__ = ("_by_id", "_by_number", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._by_id: dict[str, RunStanding | None] = {}
        self._by_number: dict[int, RunStanding] = {}

    def load(self, runs: Collection[str]) -> None:
        """Learn how these runs stand."""
        self._by_id.update(dict.fromkeys(runs))
        for standing in self._transaction.standings(runs).values():
            self.add(standing)

    def of(self, run: str) -> RunStanding | None:
        """Return how a run stands; None where there is none."""
        if run not in self._by_id:
            self.load([run])
        return self._by_id[run]

    def add(self, standing: RunStanding) -> RunStanding:
        """Learn of a run; returns how it stands."""
        self._by_id[standing.id] = self._by_number[standing.n] = standing
        return standing

    def let_go(self, n: int, state: RunState) -> None:
        """Write down that nobody drives a run now, if that is known of which it is."""
        standing = self._by_number.get(n)
        if standing is not None:
            standing.state, standing.owner = state, None


class Newcomers:
    """The runs that a transaction is to insert, and which of them are there already."""

    __slots__ = ("_found", "_ids", "_numbers", "_tags", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._found: dict[tuple[str, _Tag], tuple[int, str] | None] = {}
        self._numbers: Iterator[int] = iter(())
        self._ids: dict[str, tuple[int, str]] = {}
        self._tags: dict[_Tag, tuple[int, str]] = {}

    def load(self, runs: Sequence[NewRun]) -> None:
        """Learn which of these runs are there, and get numbers for the others."""
        found = self._transaction.find_runs(runs)
        self._found.update({(run.id, _tag(run)): same for run, same in zip(runs, found, strict=True)})
        self._numbers = iter(self._transaction.numbers(sum(same is None for same in found)))

    def same(self, run: NewRun) -> tuple[int, str] | None:
        """Return number and id of the run that is there already, if one is."""
        tag = _tag(run)
        if (run.id, tag) not in self._found:
            self.load([run])
        found = self._ids.get(run.id) or self._found[run.id, tag]
        return found if found is not None or run.tag is None else self._tags.get(tag)

    def admit(self, run: NewRun) -> int:
        """Return the number of a run that is inserted now."""
        number = next(self._numbers)
        self._ids[run.id] = number, run.id
        if run.tag is not None:
            self._tags[_tag(run)] = number, run.id
        return number


def _tag(run: NewRun) -> _Tag:
    return run.tenant, run.workflow, run.tag
