"""Several processes that drive the same runs on one store, with people who look after these, and a judge."""

import asyncio
import json
import os
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import TypeVar

from podium import App
from podium.errors import StoreError
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.run import Run
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.faults.lives import Lives
from tests.faults.programs import many
from tests.faults.programs.crew import agents_in
from tests.faults.stores import address_in
from tests.forking import commands
from tests.forking.process import Process

T = TypeVar("T")

PATIENCE = 240.0


def chance_of() -> Random:
    """Return chance whose seed is told, and may be given."""
    seed = int(os.environ.get("PODIUM_KILL_SEED") or secrets.randbits(32))
    print(f"PODIUM_KILL_SEED={seed}")
    return Random(seed)


class Crew:
    """Processes of a program; whoever ends one has another one begun in its place."""

    def __init__(
        self, folder: Path, workers: int, *, lease: float = 2.0, first: str | None = None, program: str = "crew.py"
    ) -> None:
        """The `first` may be given another address of the store."""
        self.folder = folder
        self._loaded = (str(PROGRAMS / program),)
        self.lease = lease
        self.still = threading.Lock()
        """Held while one of them stands still, or does what it was about to do: nobody knows what happened then."""
        address = address_in(folder)
        self.members = [self._begun(first if first is not None and not n else address) for n in range(workers)]

    def _begun(self, address: str) -> Process:
        words = ["call", *map(json.dumps, (str(self.folder), address, self.lease))]
        process = commands.begin(words, cwd=self.folder, env=os.environ, merged=True, loaded=self._loaded)
        (self.folder / f"begun {process.pid}").touch()
        return process

    def wait_until_open(self, members: Sequence[Process] = ()) -> None:
        """Return once all, or those, have joined."""
        end = time.monotonic() + PATIENCE
        for each in members or self.members:
            while not (self.folder / f"open {each.pid}").exists():
                assert each.poll() is None, each.communicate()
                assert time.monotonic() < end, "it never opened its store"
                time.sleep(0.01)

    def kill(self, chance: Random) -> None:
        """Kill one of them, and begin another one."""
        place = chance.randrange(len(self.members))
        self.members[place].kill()
        self.members[place].communicate()
        self.members[place] = self._begun(address_in(self.folder))

    def freeze(self, chance: Random, seconds: float) -> None:
        """Have one of them stand still for a while."""
        one = chance.choice(self.members)
        with self.still:
            os.kill(one.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(one.pid, signal.SIGCONT)
            time.sleep(1.0)

    def end(self) -> None:
        """Have all come to their end, without an error."""
        (self.folder / "done").touch()
        for each in self.members:
            said, _ = each.communicate(PATIENCE)
            assert each.returncode == 0, f"{said}\n{self.logs()}"

    def abandon(self) -> None:
        """Have all of them killed."""
        for each in self.members:
            each.abandon()

    def logs(self) -> str:
        """Return what all of them logged."""
        return "\n".join(each.read_text(encoding="utf-8") for each in sorted(self.folder.glob("log *")))


class Judge:
    """Sees that nothing is executed again after it was seen in the store, while processes go on."""

    def __init__(self, look: Callable[[], Sequence[str]]) -> None:
        """`look` compares what was done since the last look with what had been recorded by then."""
        self._look = look
        self.again: list[str] = []

    def look(self) -> None:
        """Look once more."""
        self.again += self._look()

    @asynccontextmanager
    async def looking(self) -> AsyncGenerator[None]:
        """Look again and again while a block lasts."""

        async def look() -> None:
            while True:
                with suppress(StoreError):  # it is away
                    await asyncio.to_thread(self.look)
                await asyncio.sleep(0.2)

        looking = asyncio.create_task(look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait([looking])


class PatientPeople(many.People):
    """People who answer nothing while somebody stands still who may be about to do what they are asked about."""

    def __init__(self, app: App, crew: Crew, witness: Witness, chance: Random) -> None:
        super().__init__(app, witness, chance)
        self._still = crew.still

    async def _answer(self) -> None:
        if self._still.acquire(blocking=False):
            try:
                await super()._answer()
            finally:
                self._still.release()


async def looked_after(app: App, crew: Crew, runs: int, chance: Random, enough: Callable[[], bool]) -> None:
    """Start runs of all kinds, look after them until all are done and some were forked, and check what came of them.

    More of them are started until that was disturbed `enough`: a quick machine does more in the same time.
    """
    witness = Witness(crew.folder / "witness")
    people = PatientPeople(app, crew, witness, chance)
    starts: dict[str, tuple[str, int]] = {}
    ended: list[Run] = []

    async def all_done() -> list[Run]:
        return await people.look_after(starts)

    while not ended or not enough():
        first = len(starts) // len(many.EXPECTED)
        fresh = {f"{name}{n}": (name, n) for name in many.EXPECTED for n in range(first, first + runs)}
        for run, (name, n) in fresh.items():
            await app.start(name, [n] if name == "watch" else n, id=run)
        starts.update(fresh)
        ended = [run for run in await until_there(all_done) if run.parent is None]
    lines = witness.lines()
    for run in ended:
        name, n = starts[people.root_of(run.id)]
        value = await (await app.handle(run.id)).result()
        assert value == many.EXPECTED[name](n), f"run {run.id} gave {value}"
        for what in many.EFFECTS[name]:
            times = lines.count(f"effect {run.id} {what}") + many.inherited(lines, people.origins, run.id, what)
            assert times == 1, f"{what} happened {times} times in run {run.id}"
    await assert_answered_once(app, ended)


async def until_there(work: Callable[[], Awaitable[T]]) -> T:
    """Return what is read from a store that may be away for longer than it is waited for."""
    while True:
        with suppress(StoreError):
            return await work()
        await asyncio.sleep(0.1)


async def assert_answered_once(app: App, runs: Sequence[Run]) -> None:
    """No call has two answers, unless an operator had it asked again, and no run two ends."""
    for run in runs:
        facts = await app.store.facts(run.id)
        if any(each.kind is FactKind.REWOUND for each in facts):
            continue
        answered = Counter(each.key for each in facts if each.kind is FactKind.ANSWERED)
        assert [key for key, count in answered.items() if count > 1] == []
        assert sum(each.kind is FactKind.ENDED for each in facts) == 1


def disturbed(
    crew: Crew, runs: int, chance: Random, disturb: Callable[[], None], *, at_least: int = 1
) -> list[str]:  # fmt: skip
    """Have a crew drive runs while somebody disturbs it again and again; returns what was done again.

    That goes on until it was disturbed `at_least` so many times.
    """
    judge, times = Judge(Lives(crew.folder).repeated), 0

    def disturb_counted() -> None:
        nonlocal times
        disturb()
        times += 1

    async def work(app: App) -> None:
        await looked_after(app, crew, runs, chance, lambda: times >= at_least)

    watched(crew, agents_in(crew.folder), judge, disturb_counted, work)
    return judge.again


def watched(
    crew: Crew, agents: Sequence[AnyAgent], judge: Judge, disturb: Callable[[], None],
    work: Callable[[App], Coroutine[None, None, None]],
) -> None:  # fmt: skip
    """Do some work in an app that drives nothing, while a crew drives runs, is disturbed and judged."""
    over, failed = threading.Event(), list[Exception]()

    def disturbing() -> None:
        while not over.is_set():
            try:
                disturb()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails
                failed.append(error)
                return

    async def work_watched() -> None:
        opening = App.open(address_in(crew.folder), agents=agents, queues=("nobody's",), poll=0.05, lease=crew.lease)
        async with opening as app:
            thread.start()
            async with judge.looking():
                await work(app)

    thread = threading.Thread(target=disturbing)
    try:
        crew.wait_until_open()
        try:
            asyncio.run(work_watched())
        finally:
            over.set()
            if thread.ident is not None:
                thread.join()
        assert failed == []
        crew.end()
    except BaseException as error:
        crew.abandon()
        raise AssertionError(f"{type(error).__name__}: {error}\n{crew.logs()}") from error
    judge.look()
