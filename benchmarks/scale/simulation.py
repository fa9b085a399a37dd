"""Workers, a server and its disk, event by event, with nothing in them but costs."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random

from benchmarks.scale.costs import Cost, Costs

Then = Callable[[], None]
_CLAIMED_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class World:
    """What is simulated."""

    workers: int
    slots: int
    """Runs that a worker drives at once."""
    steps: int
    step_seconds: float
    """How long the agent of a step takes, without a processor."""
    server_cores: int
    spread: float = 0.0
    """By how much of that a step may take less or more."""
    shared: bool = False
    """Whether the workers are on the server's processors; else each has one of its own."""


class Clock:
    """What happens when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Then]] = []
        self._order = count()

    def after(self, seconds: float, then: Then) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), then))

    def run(self, until: Callable[[], bool]) -> None:
        while self._events and not until():
            self.now, _, then = heapq.heappop(self._events)
            then()


class Processors:
    """So many things are done at once; others wait in line."""

    def __init__(self, clock: Clock, cores: int) -> None:
        self._clock = clock
        self._free = cores
        self._waiting: deque[tuple[float, Then]] = deque()
        self.busy = 0.0

    def take(self, seconds: float, then: Then) -> None:
        if not self._free:
            self._waiting.append((seconds, then))
            return
        self._free -= 1
        self._begin(seconds, then)

    def _begin(self, seconds: float, then: Then) -> None:
        self.busy += seconds
        self._clock.after(seconds, lambda: self._end(then))

    def _end(self, then: Then) -> None:
        if self._waiting:
            self._begin(*self._waiting.popleft())
        else:
            self._free += 1
        then()


class Thread:
    """One thing at a time, each on a processor."""

    def __init__(self, processors: Processors) -> None:
        self._processors = processors
        self._waiting: deque[tuple[float, Then]] = deque()
        self._busy = False

    def take(self, seconds: float, then: Then) -> None:
        self._waiting.append((seconds, then))
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            seconds, then = self._waiting.popleft()
            self._processors.take(seconds, lambda: self._end(then))

    def _end(self, then: Then) -> None:
        then()
        self._next()


class Disk:
    """Makes durable what was written before it begins, for all who wait together."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._waiting: list[Then] = []
        self._busy = False

    def sync(self, then: Then) -> None:
        self._waiting.append(then)
        if not self._busy:
            self._begin()

    def _begin(self) -> None:
        self._busy, waiting, self._waiting = True, self._waiting, []
        self._clock.after(self._seconds, lambda: self._end(waiting))

    def _end(self, waiting: list[Then]) -> None:
        self._busy = False
        for then in waiting:
            then()
        if self._waiting and not self._busy:
            self._begin()


class Worker:
    """Claims runs while it has slots, and commits what they record, together; one question at a time."""

    def __init__(self, fleet: Fleet, processors: Processors) -> None:
        self._fleet = fleet
        self._thread = Thread(processors)
        self._free = fleet.world.slots
        self._steps: list[int] = []
        """Runs, by the number of steps that they have done, whose last step is to be committed."""
        self._asking = False

    def found(self) -> None:
        """Being told that there is work, look what it is; then ask for it."""
        self._ask([(self._fleet.costs.look, 1)], syncs=False, then=lambda: None)

    def look(self) -> None:
        """Ask the next question, if there is one to ask."""
        if self._asking:
            return
        fleet, costs = self._fleet, self._fleet.costs
        if self._steps:
            steps, self._steps = self._steps, []
            done = sum(step == fleet.world.steps for step in steps)
            parts = [(costs.step, len(steps) - done), (costs.finish, done)]
            self._ask(parts, syncs=True, then=lambda: self._committed(steps))
        elif self._free and fleet.ready:
            runs = min(self._free, fleet.ready, _CLAIMED_AT_ONCE)
            fleet.ready -= runs
            self._free -= runs
            self._ask([(costs.claim, runs)], syncs=False, then=lambda: self._claimed(runs))

    def _ask(self, parts: list[tuple[Cost, int]], *, syncs: bool, then: Then) -> None:
        fleet, parts = self._fleet, [(cost, runs) for cost, runs in parts if runs]
        self._asking = True
        worker, server = max(cost.worker for cost, _ in parts), max(cost.server for cost, _ in parts)
        worker += sum(cost.worker_each * runs for cost, runs in parts)
        server += sum(cost.server_each * runs for cost, runs in parts)

        def answered() -> None:
            self._asking = False
            then()
            self.look()

        def written() -> None:
            if syncs:
                fleet.disk.sync(answered)
            else:
                answered()

        def sent() -> None:
            fleet.clock.after(fleet.costs.trip, lambda: fleet.server.take(server, written))

        self._thread.take(worker, sent)

    def _claimed(self, runs: int) -> None:
        for _ in range(runs):
            self._thread.take(self._fleet.costs.drive_run, lambda: self._begin(1))

    def _begin(self, step: int) -> None:
        fleet, world = self._fleet, self._fleet.world
        seconds = world.step_seconds * fleet.chance.uniform(1 - world.spread, 1 + world.spread)
        fleet.clock.after(seconds, lambda: self._thread.take(fleet.costs.drive_step, lambda: self._record(step)))

    def _record(self, step: int) -> None:
        self._steps.append(step)
        self._fleet.clock.after(0.0, self.look)  # what others record in the same turn is committed with it

    def _committed(self, steps: list[int]) -> None:
        for step in steps:
            if step < self._fleet.world.steps:
                self._begin(step + 1)
            else:
                self._free += 1
                self._fleet.ended += 1
        self._fleet.record(len(steps))


class Fleet:
    """All of it."""

    def __init__(self, world: World, costs: Costs) -> None:
        self.world, self.costs = world, costs
        self.clock = Clock()
        self.server = Processors(self.clock, world.server_cores)
        self.disk = Disk(self.clock, costs.sync)
        self.chance = Random(0)
        self.ready, self.ended = 0, 0
        self.done: list[tuple[float, int]] = []
        """When how many steps were done."""
        own = self.server if world.shared else Processors(self.clock, world.workers)
        self.workers = [Worker(self, own) for _ in range(world.workers)]
        self._starter = Thread(self.server if world.shared else Processors(self.clock, 1))

    def record(self, steps: int) -> None:
        """Steps are done."""
        before = self.done[-1][1] if self.done else 0
        self.done.append((self.clock.now, before + steps))

    def start(self, runs: int) -> None:
        """Have runs started, in one commit, by a process that drives none."""
        start = self.costs.start

        def placed() -> None:
            self.ready += runs
            for worker in self.workers:
                self.clock.after(self.costs.trip, lambda worker=worker: worker.found())

        def sent() -> None:
            self.clock.after(
                self.costs.trip, lambda: self.server.take(start.of_server(runs), lambda: self.disk.sync(placed))
            )

        self._starter.take(start.of_worker(runs) + self.costs.start_run * runs, sent)


@dataclass(frozen=True)
class Outcome:
    """What came of a simulation."""

    steps_per_second: float
    server_busy: float
    """The share of the server's processors that was used."""


def simulate(world: World, costs: Costs, runs: int) -> Outcome:
    """Have another process start all runs at once, and drive them; from then on to the last end."""
    fleet = Fleet(world, costs)
    fleet.start(runs)
    fleet.clock.run(lambda: fleet.ended == runs)
    seconds = fleet.clock.now
    return Outcome(fleet.done[-1][1] / seconds, fleet.server.busy / seconds / world.server_cores)


def steadily(world: World, costs: Costs) -> Outcome:
    """Drive as many runs as there are slots for, which are ready at the beginning; what is done while half are done."""
    fleet = Fleet(world, costs)
    fleet.ready = runs = world.workers * world.slots
    for worker in fleet.workers:
        worker.look()
    steps = runs * world.steps
    fleet.clock.run(lambda: bool(fleet.done) and fleet.done[-1][1] >= steps // 4)
    (begin, before), busy = fleet.done[-1], fleet.server.busy
    fleet.clock.run(lambda: fleet.done[-1][1] >= steps * 3 // 4)
    seconds, done = fleet.clock.now - begin, fleet.done[-1][1] - before
    return Outcome(done / seconds, (fleet.server.busy - busy) / seconds / world.server_cores)
