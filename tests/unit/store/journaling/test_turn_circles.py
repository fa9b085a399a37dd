"""No turns wait for each other in a circle, whatever graph of runs, child runs and conversations wants them."""

from collections.abc import Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from podium.model.run import START
from podium.store.conversing import ReleaseTurn, TurnEffect, WantTurn
from podium.store.journaling.appending import Salts
from podium.store.journaling.conversations import TurnRow
from podium.store.operations import Start, Write
from podium.testing.contracts.hand import fact, new_run
from tests.examples import examples
from tests.unit.store.journaling.dicts import DictBackend

PARENTS = {"a": None, "b": None, "c": "a", "d": "b", "e": "c", "f": None}
KEYS = [START, "0", "0.0", "0.1", "1"]
NAMES = ["u", "v", "w"]


class World:
    """Runs that want and give back turns, and a plain model of which turns are over only after which."""

    def __init__(self) -> None:
        self.backend = DictBackend(Salts())
        self.backend.tables.workers.add("w")
        for run, parent in PARENTS.items():
            self.backend.commit("w", [Start(replace(new_run(run), parent=parent), drive=True)])

    @property
    def turns(self) -> list[TurnRow]:
        return [row for _, row in sorted(self.backend.tables.turns.items())]

    def act(self, run: str, effect: TurnEffect) -> None:
        self.backend.commit("w", [Write(list(PARENTS).index(run) + 1, 1, [fact()], [effect])])

    def want(self, run: str, key: str, name: str) -> None:
        """Want a turn as a run does, and check that it is refused exactly where it would close a circle."""
        number = next((n for n, each in self.backend.tables.conversations.items() if each.row.name == name), 0)
        own = [row for row in self.turns if row.run == run]
        near = [row for row in own if row.conversation == number and related(row.key, key)]
        around = next((row for row in reversed(near) if row.within is None and row.key in around_of(key)), None)
        if any(row.key == key for row in own) or (near and (around is None or around in self.waiting(self.turns))):
            return  # it has it, waits for it, or takes the one around it first
        hypothetical = [*self.turns, TurnRow(1 << 30, number, run, key, None)]
        within = None if around is None else around.key
        self.act(run, WantTurn(tenant="t", principal="p", name=name, key=key, at=1.0, within=within))
        given = any((row.run, row.key) == (run, key) for row in self.turns)
        assert given is (within is not None or not self.has_circle(hypothetical))

    def waiting(self, turns: list[TurnRow]) -> list[TurnRow]:
        return [row for row in turns if next(self.ahead(turns, row), None) is not None]

    def ahead(self, turns: list[TurnRow], row: TurnRow) -> Iterator[TurnRow]:
        for each in turns:
            if each.conversation == row.conversation and each.within is row.within is None and each.n < row.n:
                yield each

    def has_circle(self, turns: list[TurnRow]) -> bool:
        """Whether a turn is over only after itself."""
        after = TopologicalSorter[int]()
        for late in turns:
            for wait in self.waiting(turns):
                same = wait.run == late.run and related(wait.key, late.key)
                if same or wait.run in below(late.run):
                    after.add(late.n, *(row.n for row in self.ahead(turns, wait)))
        try:
            after.prepare()
        except CycleError:
            return True
        return False


def below(run: str) -> set[str]:
    children = {child for child, parent in PARENTS.items() if parent == run}
    return children.union(*(below(each) for each in children))


def around_of(key: str) -> list[str]:
    return [START] + ([] if "." not in key else [key.partition(".")[0]])


def related(one: str, other: str) -> bool:
    return one == other or one in around_of(other) or other in around_of(one)


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=examples(100), deadline=None, phases=[Phase.generate])
def test_turns_are_refused_exactly_where_they_would_wait_in_a_circle(seed: int) -> None:
    chance, world = Random(seed), World()
    for _ in range(25):
        if world.turns and chance.random() < 0.2:
            row = chance.choice(world.turns)
            world.act(row.run, ReleaseTurn(row.key, 2.0))
        else:
            world.want(chance.choice(list(PARENTS)), chance.choice(KEYS), chance.choice(NAMES))
        assert not world.has_circle(world.turns)
