"""What the processes of a store serve: each says so where all can read it, and hears when nobody serves a run."""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from podium.errors import StoreError
from podium.in_threads import in_thread
from podium.model.agent import Card
from podium.model.json import Json
from podium.model.serving import ServingWorker, why_unserved
from podium.services.to_the_end import to_the_end
from podium.store.codec import decode, encode
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")

_PREFIX = "serving:"
_GATHER_SECONDS = 0.1
"""So long it is waited for who else is registered: a program that is over by then says nothing."""
_LOOK_SECONDS = 2.0
"""So often it is looked at whether the worker of this process goes by another name, or could not say what it serves."""


async def serving(store: Store) -> list[ServingWorker]:
    """Return what the processes of a store serve that have not left, and were not declared dead. Raises StoreError."""
    if store.states is None:
        return []
    said = await store.states.named(_PREFIX)
    alive = await in_thread(store.workers.beats, "")
    return [_read(name, state) for name, state in sorted(said.items()) if name.removeprefix(_PREFIX) in alive]


class ServingBoard:
    """Says what this process serves, for as long as it does."""

    def __init__(
        self, store: Store, *, worker: Callable[[], str], queues: Iterable[str] | None,
        cards: Callable[[], Sequence[Card]],
    ) -> None:  # fmt: skip
        """`worker` tells the name of the worker of this process, `cards` who is registered."""
        self._store = store
        self._worker = worker
        self._queues = None if queues is None else sorted(queues)
        self._cards = cards
        self._changed = asyncio.Event()
        self._said: tuple[str, bytes] = "", b""
        """Under which name of the worker it said what."""
        self._warned: set[tuple[str, str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def change(self) -> None:
        """Say anew what is served: somebody was registered."""
        self._changed.set()

    def serves(self, queue: str) -> bool:
        """Whether this process drives runs of a queue."""
        return self._queues is None or queue in self._queues

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Say what is served while the block lasts."""
        if self._store.states is None:
            yield
            return
        saying = asyncio.create_task(self._run())
        try:
            yield
        finally:
            saying.cancel()
            for each in self._tasks:
                each.cancel()
            await to_the_end(asyncio.wait([saying, *self._tasks]))
            if self._said[1]:
                with suppress(StoreError):  # those that are gone are not counted
                    await self._say(self._said[0], b"")

    def expect(self, workflow: str, version: str, queue: str) -> None:
        """Warn, once, where nobody would drive a run that was started here for others to drive."""
        if (workflow, version, queue) in self._warned or self._store.states is None:
            return
        task = asyncio.get_running_loop().create_task(self._warn(workflow, version, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _warn(self, workflow: str, version: str, queue: str) -> None:
        try:
            why = why_unserved(workflow, version, queue, await serving(self._store))
        except StoreError:
            return
        if why and (workflow, version, queue) not in self._warned:
            self._warned.add((workflow, version, queue))
            _LOG.warning("a run of %s %s waits for a process: %s", workflow, version, why)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_GATHER_SECONDS)  # noqa: TID251 - other processes live in real time
            self._changed.clear()
            worker, state = self._worker(), self._offer()
            if (worker, state) != self._said:
                with suppress(StoreError):  # it is tried again
                    await self._say(worker, state)
                    await self._forget_dead()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()

    def _offer(self) -> bytes:
        """Return what is served, as it is said; nothing where there is nobody."""
        workflows: defaultdict[str, list[str]] = defaultdict(list)
        agents: defaultdict[str, list[str]] = defaultdict(list)
        for card in self._cards():
            if not card.traits.is_internal:
                (workflows if card.traits.runs_inline else agents)[card.name].append(card.version)
        return encode([self._queues, workflows, agents]) if workflows or agents else b""

    async def _say(self, worker: str, state: bytes) -> None:
        """Replace what this process said, also what it said under another name."""
        states, (before, said) = self._store.states, self._said
        if states is None:
            return
        for name, seen, new in ((before, said, b""), (worker, b"", state)) if before != worker else (
            (worker, said, state),
        ):  # fmt: skip
            if name:
                await states.swap(_PREFIX + name, seen, new, now=0.0, until=math.inf)
        self._said = worker, state

    async def _forget_dead(self) -> None:
        """Delete what those said that are gone."""
        states = self._store.states
        assert states is not None  # whoever has none says nothing
        said, alive = await states.named(_PREFIX), await in_thread(self._store.workers.beats, "")
        for name, state in said.items():
            if name.removeprefix(_PREFIX) not in alive:
                await states.swap(name, state, b"", now=0.0, until=math.inf)


def _read(name: str, state: bytes) -> ServingWorker:
    said: Json = decode(state)
    workflows: Mapping[str, Sequence[str]] = said[1]
    agents: Mapping[str, Sequence[str]] = said[2]
    return ServingWorker(worker=name.removeprefix(_PREFIX), queues=said[0], workflows=workflows, agents=agents)
