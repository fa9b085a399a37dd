"""Fault points: a process that dies, for real, at a chosen point of its work."""

import asyncio
import functools
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NoReturn, ParamSpec, TypeVar, cast

from podium.model.agent import Agent, Card, InputShape, OutputShape
from podium.model.call import Call
from podium.model.outcome import Outcome
from podium.model.steps import Steps
from podium.store.operations import Committed, Operation
from podium.store.protocol import Claimed, Store

In = TypeVar("In")
Out = TypeVar("Out")
T = TypeVar("T")
P = ParamSpec("P")

FaultPlace = Literal["commit", "body"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class FaultPoint:
    """The n-th commit of a process, or the n-th body of an agent: just before it, or just after."""

    place: FaultPlace
    """`commit`: a transaction of the store. `body`: an agent's own code."""
    n: int
    """Counts from 1."""
    when: When
    """`before` a commit nothing of it is in the store; `after` it all of it is, and nobody has heard of that."""

    def __str__(self) -> str:
        return f"{self.when}-{self.place}-{self.n}"

    @classmethod
    def parse(cls, text: str) -> "FaultPoint":
        """Return the point that `str` wrote: `after-commit-3`."""
        when, place, n = text.split("-")
        return cls(cast("FaultPlace", place), int(n), cast("When", when))


def kill_this_process() -> NoReturn:
    """Die as by `kill -9`: nothing is flushed, closed or handed back."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable: the process is gone")


def die_at(point: FaultPoint | str | None, *, die: Callable[[], object] = kill_this_process) -> "Faults":
    """Return the seams at which the process dies once it comes to a point; with None it only counts.

    `faults = die_at("before-commit-7")`, then `App.open(faults.store(store), agents=[faults.agent(each), …])`.
    """
    return Faults(FaultPoint.parse(point) if isinstance(point, str) else point, die)


class Faults:
    """Counts what a process comes to, and dies at its point."""

    def __init__(self, point: FaultPoint | None, die: Callable[[], object]) -> None:
        self.reached: Counter[str] = Counter()
        """How often each place was come to."""
        self._point = point
        self._die = die

    def store(self, store: Store) -> Store:
        """Return the store, with each of its transactions a fault point."""
        return cast("Store", FaultyStore(store, self))

    def agent(self, agent: Agent[In, Out]) -> "FaultyAgent[In, Out]":
        """Return the agent, with start and end of its body fault points."""
        return FaultyAgent(agent, self)

    def body(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[object, object, T]]:
        """Return an async function, such as a tool's, with its start and end fault points."""

        @functools.wraps(function)
        async def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            n = self.enter("body")
            try:
                return await function(*args, **kwargs)
            finally:
                self.leave("body", n)

        return watched

    def enter(self, place: FaultPlace) -> int:
        """Come to a place; returns its number."""
        self.reached[place] += 1
        self._check(FaultPoint(place, self.reached[place], "before"))
        return self.reached[place]

    def leave(self, place: FaultPlace, n: int) -> None:
        """Be done with it."""
        self._check(FaultPoint(place, n, "after"))

    def _check(self, point: FaultPoint) -> None:
        if point == self._point:
            self._die()


class FaultyAgent(Generic[In, Out]):
    """An agent whose body is a fault point."""

    def __init__(self, agent: Agent[In, Out], faults: Faults) -> None:
        self._agent = agent
        self._faults = faults

    @property
    def card(self) -> Card:
        """The agent's own."""
        return self._agent.card

    @property
    def input(self) -> InputShape[In]:
        """The agent's own."""
        return self._agent.input

    @property
    def output(self) -> OutputShape[Out]:
        """The agent's own."""
        return self._agent.output

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Run the agent, unless the process dies before or afterwards."""
        n = self._faults.enter("body")
        try:
            return await self._agent.run(call, steps)
        finally:
            self._faults.leave("body", n)

    async def verify(self, call: Call) -> Outcome | None:
        """Ask the agent."""
        return await self._agent.verify(call)


class FaultyStore:
    """A store whose transactions are fault points. Everything else goes straight to the store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(
        self, worker: str, operations: Sequence[Operation], *, alone: bool = False
    ) -> "asyncio.Future[Committed]":
        """Commit, unless the process dies before or afterwards."""
        n = self._faults.enter("commit")
        done = asyncio.ensure_future(self._store.commit(worker, operations, alone=alone))
        if done.done():
            self._faults.leave("commit", n)
        else:
            done.add_done_callback(lambda _: self._faults.leave("commit", n))
        return done

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership, unless the process dies before or afterwards."""
        n = self._faults.enter("commit")
        claimed = await self._store.claim(worker, numbers, workflows)
        self._faults.leave("commit", n)
        return claimed
