"""Many small runs at once, in a process that is killed or stopped at any moment, with people who look after them."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from podium import App
from podium.cli.stopping import Stops
from podium.errors import AlreadyAnswered, NotPossible
from podium.model.fact import FactKind
from podium.model.facts.runs import Started
from podium.model.json import Json
from podium.model.question import Question
from podium.model.run import Run, RunState
from podium.testing import Witness
from tests.faults.programs import jobs, troubles, watches
from tests.faults.stores import address_in

GRACE = {"kill": 8.0, "stop": 8.0, "cut": 0.001, "end": 8.0}
"""How a life ends, and how long it then gives what is under way."""
FORKS = 2
"""So many are made, of the runs that are started or of one another."""
PATIENCE = 180.0
EFFECTS = {"job": ("pay",), "trouble": ("pay", "book", "mail"), "watch": ("pay", "book")}
EXPECTED = {"job": jobs.expected, "trouble": troubles.expected, "watch": watches.expected}


class People:
    """Answers who asks, retries what failed and forks what ended; they know what really happened from the witness."""

    def __init__(self, app: App, witness: Witness, chance: Random) -> None:
        self.origins: dict[str, str] = {}
        """Of each fork, the run it was forked from."""
        self._app = app
        self._witness = witness
        self._chance = chance

    async def look_after(self, roots: Collection[str]) -> list[Run]:
        """Do what is to be done until all runs are done, and some of them forked; returns them."""
        late = time.monotonic() + PATIENCE
        while True:
            runs = list(await self._app.runs.list(limit=10_000))
            assert time.monotonic() < late, f"runs are left: {[run for run in runs if run.state is not RunState.DONE]}"
            await self._learn(run for run in runs if run.parent is None and run.id not in roots)
            if len(self.origins) == FORKS and all(run.state is RunState.DONE for run in runs):
                return runs
            await self._answer()
            self._chance.shuffle(runs)
            await self._fork([run for run in runs if run.parent is None and run.state.ended])
            await self._retry([run.id for run in runs if run.state is RunState.FAILED])
            await asyncio.sleep(0.005)

    def root_of(self, run: str) -> str:
        """Return the run that the first of a row of forks was forked from."""
        return self.root_of(self.origins[run]) if run in self.origins else run

    async def _learn(self, forks: Iterable[Run]) -> None:
        for run in forks:
            if run.id not in self.origins:
                started = (await self._app.runs.facts(run.id))[0].content
                assert isinstance(started, Started)
                assert started.forked_from is not None
                self.origins[run.id] = started.forked_from

    async def _answer(self) -> None:
        for question in await self._app.inbox.list():
            what = next((each for each in ("book", "mail") if question.ask.text.startswith(f"Did {each}")), "pay")
            self._witness.saw("asked", question.run, what)
            with suppress(AlreadyAnswered):  # its run has failed meanwhile, and will ask again
                await self._app.inbox.answer(question.id, self._truth(question, what), by="ann")

    def _truth(self, question: Question, what: str) -> Json:
        if not happened(self._witness.lines(), self.origins, question.run, what):
            return {"not_done": True}
        n = question.ask.subject
        return {"happened": f"paid {n}" if what == "pay" else n}

    async def _retry(self, failed: Sequence[str]) -> None:
        """Have some of them go on, in one of the two ways; a run that failed with another one may go on with it."""
        for run in failed[: self._chance.randint(0, len(failed))]:
            if self._chance.random() < 0.5:
                await self._app.operations.requeue(run)
            else:
                with suppress(NotPossible):
                    await self._app.operations.retry(run)

    async def _fork(self, ended: Sequence[Run]) -> None:
        """Fork one of them, each at most once, at any of its calls."""
        fresh = [run.id for run in ended if run.id not in self.origins.values()]
        if len(self.origins) < FORKS and fresh and self._chance.random() < 0.2:
            facts = await self._app.runs.facts(fresh[0])
            keys = sorted({fact.key for fact in facts if fact.kind is FactKind.ASKED})
            self._witness.saw("forking", fresh[0])
            with suppress(NotPossible):  # a retry has voided that call
                await self._app.operations.fork(fresh[0], self._chance.choice(keys))


def happened(lines: Sequence[str], origins: Mapping[str, str], run: str, what: str) -> bool:
    """Whether an effect happened in a run, or in the one it was forked from, before that."""
    return f"effect {run} {what}" in lines or inherited(lines, origins, run, what)


def inherited(lines: Sequence[str], origins: Mapping[str, str], run: str, what: str) -> bool:
    """Whether an effect had happened in the run that a run was forked from, when it was."""
    if run not in origins:
        return False
    cut = max(at for at, line in enumerate(lines) if line == f"forking {origins[run]}")
    return happened(lines[:cut], origins, origins[run], what)


def unfounded(lines: Sequence[str]) -> list[str]:
    """Return the effects that somebody was asked about though no process had died, or been cut, while they were begun.

    Where the witness saw none begin, any process that died may have been about to; and a fork asks about what the run
    that it was forked from had begun.
    """
    lives: list[str] = []
    begun: dict[str, int] = {}
    """In which of the lives each effect was begun."""
    found: list[str] = []
    for line in lines:
        word, _, told = line.partition(" ")
        if word == "life":
            lives.append(told)
        elif word == "effect":
            begun[told] = len(lives) - 1
        elif word == "asked":
            before, at = lives[:-1], begun.get(told)
            suspects = before if at is None else before[at : at + 1]
            excused = at is None and told.startswith("run_")
            if not excused and not {"kill", "cut"} & set(suspects):
                found.append(told)
    return found


async def drive(folder: Path, runs: int, how: str, seed: int) -> None:
    """Start the runs, or go on with them, until all are done and some were forked; then check what came of them."""
    witness = Witness(folder / "witness")
    witness.saw("life", how)
    pay = jobs.paying(witness)
    agents = [*jobs.made(witness, pay), *troubles.made(witness, pay), *watches.made(witness, pay)]
    starts = {f"{name}{n}": (name, n) for name in EXPECTED for n in range(runs)}
    opening = App.open(address_in(folder), agents=agents, poll=0.05, grace=GRACE[how], quarantine_after=1_000)
    async with opening as app:
        people = People(app, witness, Random(seed))
        for run, (name, n) in starts.items():
            await app.start(name, [n] if name == "watch" else n, id=run)
        ended = [run for run in await people.look_after(starts) if run.parent is None]
        lines = witness.lines()
        for run in ended:
            name, n = starts[people.root_of(run.id)]
            value = await (await app.handle(run.id)).result()
            assert value == EXPECTED[name](n), f"run {run.id} gave {value}"
            for what in EFFECTS[name]:
                times = lines.count(f"effect {run.id} {what}") + inherited(lines, people.origins, run.id, what)
                assert times == 1, f"{what} happened {times} times in run {run.id}"
    assert unfounded(lines) == [], "asked about what nobody had cut"
    (folder / "done").touch()


def warm() -> None:
    """Do all of it once: the children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), 1, "end", 0))


def main(folder: str, runs: int, how: str, after: float, seed: int) -> None:
    """Drive the runs; `after` so many seconds this process is killed or stopped, unless it is to come to its end."""
    stops = Stops()

    async def until_stopped() -> None:
        with stops.heard(), ended(how, after):
            await drive(Path(folder), runs, how, seed)

    try:
        asyncio.run(until_stopped())
    except asyncio.CancelledError:
        assert stops.count == 1
    stops.ended()


@contextmanager
def ended(how: str, after: float) -> Generator[None]:
    """Kill or stop this process after some time, unless the block has ended before."""
    over, waits = threading.Condition(), how != "end"

    def end() -> None:
        with over:
            if not over.wait_for(lambda: not waits, after):
                os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGTERM)

    threading.Thread(target=end, daemon=True).start()
    try:
        yield
    finally:
        with over:
            waits = False
            over.notify()
