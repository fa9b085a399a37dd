"""Which runs a worker may take, against a model of a few lines: workers look, take, end, drain and die in any order."""

from dataclasses import dataclass, field
from itertools import count
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.store.protocol import Drain, Serves
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.affinity import LONG
from podium.testing.contracts.hand import Hand, new_run
from tests.examples import examples

SLOTS = 2
WORKERS = ("w_1", "w_2", "w_3")
KEYS = st.sampled_from([None, "a", "b"])


@dataclass
class Worker:
    """One as the model has it: the numbers of what it drives, each with its epoch."""

    hand: Hand
    driven: dict[int, int] = field(default_factory=dict[int, int])
    takes: bool = True
    lives: bool = True


class Affinities(RuleBasedStateMachine):
    """A run is anybody's, unless the worker that drove the last one of its affinity lives and has a slot."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = SqliteStore(f"{self.folder.name}/podium.db")
        self.workers = {name: Worker(Hand(self.store, name, serves=Serves(slots=SLOTS))) for name in WORKERS}
        self.anybody = self.workers["w_1"].hand
        self.ready: dict[int, tuple[str | None, int]] = {}
        """By number the affinity and the epoch."""
        self.keys: dict[int, str | None] = {}
        self.last: dict[str, str] = {}
        self.names, self.looks = count(), count(100)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def may_take(self, worker: str, number: int) -> bool:
        affinity = self.ready[number][0]
        first = None if affinity is None else self.last.get(affinity)
        if first is None or first == worker:
            return True
        other = self.workers[first]
        return not (other.lives and other.takes and len(other.driven) < SLOTS)

    def look(self, worker: str, wait: float) -> list[int]:
        return self.anybody.ready(worker=worker, affinity_wait=wait, limit=next(self.looks))

    @rule(affinity=KEYS)
    def start(self, affinity: str | None) -> None:
        number = self.anybody.start(new_run(f"r{next(self.names)}", affinity=affinity), drive=False)
        self.ready[number], self.keys[number] = (affinity, 0), affinity

    @precondition(lambda self: self.ready)
    @rule(data=st.data(), worker=st.sampled_from(WORKERS))
    def take(self, data: st.DataObject, worker: str) -> None:
        """Have a worker claim a run: whether it was its turn is not asked then."""
        taker, number = self.workers[worker], data.draw(st.sampled_from(sorted(self.ready)))
        taken = taker.hand.claim(number)
        assert [each.n for each in taken] == ([number] if taker.lives else [])
        if taken:
            affinity, epoch = self.ready.pop(number)
            taker.driven[number] = epoch + 1
            if affinity is not None:
                self.last[affinity] = worker

    @precondition(lambda self: any(each.driven for each in self.workers.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        busy = data.draw(st.sampled_from([each for each in self.workers.values() if each.driven]))
        number = data.draw(st.sampled_from(sorted(busy.driven)))
        busy.hand.finish(number, epoch=busy.driven.pop(number))

    @rule(worker=st.sampled_from(WORKERS))
    def drain(self, worker: str) -> None:
        self.store.workers.drain(worker, Drain(by="ann", why="", at=100.0))
        self.workers[worker].takes = False

    @rule(worker=st.sampled_from(WORKERS))
    def die(self, worker: str) -> None:
        gone = self.workers[worker]
        self.store.workers.leave(worker)
        self.ready |= {number: (self.keys[number], epoch) for number, epoch in gone.driven.items()}
        gone.driven.clear()
        gone.lives = False

    @invariant()
    def each_worker_is_told_of_what_it_may_take(self) -> None:
        for worker in WORKERS:
            assert self.look(worker, LONG) == [n for n in sorted(self.ready) if self.may_take(worker, n)]

    @invariant()
    def once_the_wait_is_over_every_run_is_anybodys(self) -> None:
        assert self.look("w_2", 0.0) == sorted(self.ready)

    @invariant()
    def some_worker_may_take_each_run(self) -> None:
        assert all(any(self.may_take(worker, number) for worker in WORKERS) for number in self.ready)


TestAffinities = Affinities.TestCase
TestAffinities.settings = settings(max_examples=examples(60), stateful_step_count=25, deadline=None)
