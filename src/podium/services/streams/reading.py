"""Reading the events of a run: from its journal, and from what is kept of what is in no journal."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from podium.errors import StoreError
from podium.model.clock import Clock
from podium.model.expected import NATURAL, refuse
from podium.model.fact import Fact, FactKind
from podium.model.run import Run, RunState
from podium.model.streams.book import KeptEvents, StreamQuery
from podium.model.streams.durable import Gone, StreamBlocked
from podium.model.streams.event import StreamEvent, event_of
from podium.model.streams.numbers import MOST_NUMBER, MOST_PARTS, StreamPlace, place_of_number
from podium.model.streams.told import events_of
from podium.services.streams.feed import Feed
from podium.services.streams.gaps import Gaps
from podium.store.protocol import Store

_LOOK_SECONDS, _LOOK_TOLD_SECONDS, _LOOK_HERE_SECONDS = 0.1, 0.5, 1.0
"""A run that another process drives is looked at so often, less often where the store tells of news.

Of one that is driven here all news comes by itself.
"""
_LEASE_SECONDS, _RENEW_SECONDS = 30.0, 10.0
"""So long the owner of a run keeps its transient events for a reader that says no more, and so often one says it."""
_AT_ONCE = 20
"""So many facts are read in one look: whoever is far behind has no more of a journal in memory."""
_CONNECT_LOOKS = 10
"""So often a reader that comes again looks whether the owner of the run has taken note of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who reads, and how it comes to the events of a run."""

    store: Store
    clock: Clock
    reader: str
    """Its name, unique on the store."""
    feed: Feed
    """What this process itself keeps of the run; nothing in a process that drives none."""
    driven: Callable[[], bool] = lambda: False
    """Whether this process drives the run."""
    check: Callable[[], None] = lambda: None
    """Raises where the process can tell nothing any more."""

    async def announce(self, run: str) -> None:
        """Have whoever drives a run keep its transient events for this reader, for some seconds. Raises StoreError."""
        await self.store.streams.watch(run, self.reader, self.clock.now() + _LEASE_SECONDS)


class StreamLook(NamedTuple):
    """What came together."""

    events: Sequence[StreamEvent]
    """One at least."""
    size: int
    """How much was read of the store for it, in bytes."""


class StreamReader:
    """Reads the events of one run, in the order of their numbers, until it has ended or is blocked; then it is over."""

    def __init__(self, run: str, after: int | None, watching: Watching) -> None:
        """Read what comes after a number, or from now on where that is None."""
        self._run = run
        self._after = after
        self._watching = watching
        self._store = watching.store
        self._feed = watching.feed
        self._gaps = Gaps()
        if after is not None:
            NATURAL.check("after", after)
        self._facts = 0
        """How many facts were told."""
        self._behind = False
        """Whether there may be more facts than the last look has read."""
        self.number = 0 if after is None else after
        """The number up to which all was told."""
        self.over = False
        self._seen = 0
        """The number of the last end of an ownership that was looked at: it is there again on the next look."""
        self._late = False
        """Whether the run had ended, and nothing was kept, when a reader came to read it from its beginning."""
        self._renew_at = float("-inf")
        self._commits: int = -1

    async def looks(self) -> AsyncGenerator[StreamLook]:
        """Give what is new each time that there is anything, after `begin`; what is lost is told by an event `gone`."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody reads any more
                loop.call_soon_threadsafe(self._feed.ring)

        with self._store.streams.hear(self._run, ring) as is_told:
            news = True
            while not self.over:
                self._watching.check()
                rings, here = self._feed.rings, self._watching.driven()
                look = await self._look(news=news, here=here)
                if look.events:
                    yield look
                if not self.over and not self._behind:
                    there = _LOOK_TOLD_SECONDS if is_told() else _LOOK_SECONDS
                    news = await self._feed.wait(_LOOK_HERE_SECONDS if here else there, since=rings)

    async def _look(self, *, news: bool, here: bool) -> StreamLook:
        """Return what has come since the last look."""
        if not here:
            await self._watch()
        read = self._behind or not here or not news or self._feed.commits != self._commits
        self._commits = self._feed.commits
        facts, run, other = await self._next(here=here) if read else ((), None, None)
        if await self._was_redacted(facts, run):
            self._feed.forget()
            self._late = not self._after
        self._gaps.recorded(facts)
        kept = self._with_own(other)
        self._facts += len(facts)
        if read and run is None:  # it was pruned meanwhile
            self._feed.forget()
            self.over = True
            return StreamLook((), 0)
        ended = run if run is not None and self._is_over(run) else None
        events = self._merged(facts, kept, ended)
        self.number = max([self.number, *(event.number for event in events)])
        self.over = ended is not None
        if ended is not None and ended.state is RunState.BLOCKED:
            events = [*events, self._noticed(ended.epoch, StreamBlocked(ended.reason), self.number)]
        return StreamLook(events, _size(facts, kept))

    async def _next(self, *, here: bool) -> tuple[Sequence[Fact], Run | None, KeptEvents | None]:
        """Return the facts that come next, the run, and what the store keeps of it for other processes.

        Where more follow, no facts from an end on: what was lost is told before that, once all of it is known.
        """
        after = None if here else self.number
        wanted = StreamQuery(run=self._run, facts=self._facts, limit=_AT_ONCE, after=after)
        come = await self._store.streams.next(wanted)
        facts, run = come.facts, come.run
        self._behind = run is not None and self._facts + len(facts) < run.facts
        end = max((at for at, fact in enumerate(facts) if fact.kind is FactKind.ENDED), default=0)
        return facts[:end] if self._behind and end else facts, run, come.kept

    async def _was_redacted(self, facts: Sequence[Fact], run: Run | None) -> bool:
        """Whether a run was redacted: some of its facts say so, or the last one, which is yet to be read."""
        last: Sequence[Fact] = ()
        if self._behind and run is not None and run.state.ended:
            last = await self._store.facts(self._run, after=run.facts - 2)
        return any(fact.kind is FactKind.REDACTED for fact in (*facts, *last))

    async def begin(self) -> None:
        """Find the place to go on from. Raises UsageError for a number that the run cannot have given."""
        after, run = self._after, await self._store.run(self._run)
        there = 0 if run is None else run.facts
        if after is None:
            self._facts = there + len(await self._store.facts(self._run, after=there - 1))
            kept = await self._kept(here=self._watching.driven())
            told = StreamPlace(self._facts, 0, MOST_PARTS).number if self._facts else 0
            self.number = max(told, 0 if kept is None else kept.last)
            return
        place, epoch, last = place_of_number(after), 0, list[Fact]()
        self._facts = place.facts
        if after:
            if after <= MOST_NUMBER:
                last = list(await self._store.facts(self._run, after=place.facts - 2))[:1]
            if not last and run is not None:
                refuse("after", after, f"the number of an event of run {self._run}, which has not come so far")
            epoch = last[0].epoch + max(place.taken - 1, 0) if last else 0
        if not place.taken and after:
            self._facts -= 1  # there may be further parts of what this fact tells
        self._gaps.resume(after, epoch, ended=bool(last) and not place.taken and last[0].kind is FactKind.ENDED)
        if after:
            self._gaps.connect(await self._what_is_there())
        elif run is not None and self._has_ended(run):
            self._late = await self._kept(here=False) is None

    async def _what_is_there(self) -> KeptEvents | None:
        """Return what is kept, once the owner of the run has taken note of this reader; waits a moment for that."""
        for _ in range(_CONNECT_LOOKS):
            here = self._watching.driven()
            if not here:
                await self._watch()
            run, kept = await self._store.run(self._run), await self._kept(here=here)
            if here or run is None or run.state is not RunState.RUNNING or (kept and kept.epoch == run.epoch):
                return kept
            await self._feed.wait(_LOOK_SECONDS)
        return await self._kept(here=False)

    async def _watch(self) -> None:
        """Have the owner keep events for this reader; where that cannot be written now, the next look tries again."""
        now = self._watching.clock.monotonic()
        if now >= self._renew_at:
            with suppress(StoreError):
                await self._watching.announce(self._run)
                self._renew_at = now + _RENEW_SECONDS

    async def _kept(self, *, here: bool) -> KeptEvents | None:
        """Return what is kept after the last number, by this process or in the store."""
        return self._with_own(None if here else await self._store.streams.kept(self._run, self.number))

    def _with_own(self, other: KeptEvents | None) -> KeptEvents | None:
        """Return what is kept after the last number by this process, with that in the store."""
        own = self._feed.after(self.number)
        if own is None or other is None:
            return own or other
        numbers = {event.number: event for event in (*own.events, *other.events)}
        before = max((each for each in (own.before, other.before) if each), key=lambda each: each.number, default=None)
        newer = max(own, other, key=lambda each: (each.epoch, each.last))
        return replace(newer, events=[numbers[number] for number in sorted(numbers)], before=before)

    def _merged(self, facts: Sequence[Fact], kept: KeptEvents | None, over: Run | None) -> Sequence[StreamEvent]:
        """Return what is new, in order; what was emitted after facts that are not read yet is for the next look.

        `over` is the run where it has ended.
        """
        events = [event for event in events_of(self._run, facts) if event.number > self.number]
        gone: list[StreamEvent] = []
        for each in () if kept is None else kept.events:
            if place_of_number(each.number).facts > self._facts:
                break
            if each.ends and each.number <= self._seen:
                continue
            gone += self._lost(self._gaps.lost(each), each.number - 1, each.epoch)
            if each.ends:
                self._seen = each.number
            else:
                events.append(event_of(each.text))
        else:
            if kept is not None and place_of_number(kept.last).facts <= self._facts:
                gone += self._lost(self._gaps.lost_at_the_end(kept), kept.last, kept.epoch)
        if over is not None and events and not self._late and self._gaps.is_unknown(kept, over.epoch):
            gone += self._lost(None, self.number, over.epoch)
        if over is not None and events:  # nothing follows the end
            gone = [replace(each, number=min(each.number, events[-1].number - 1)) for each in gone]
        return sorted([*gone, *events], key=lambda event: event.number)

    def _lost(self, count: int | None, number: int, epoch: int) -> Sequence[StreamEvent]:
        if count is not None and count <= 0:
            return ()
        return (self._noticed(epoch, Gone(count), max(number, self.number)),)

    def _noticed(self, epoch: int, content: Gone | StreamBlocked, number: int) -> StreamEvent:
        return StreamEvent(
            run=self._run, number=number, key="", attempt=0, step="", at=self._watching.clock.now(), epoch=epoch,
            content=content,
        )  # fmt: skip

    def _is_over(self, run: Run) -> bool:
        """Whether a run has ended or is blocked, and all of it was told."""
        return self._has_ended(run) and self._facts >= run.facts

    @staticmethod
    def _has_ended(run: Run) -> bool:
        return run.state.ended or run.state is RunState.BLOCKED


def _size(facts: Sequence[Fact], kept: KeptEvents | None) -> int:
    texts = () if kept is None else kept.events
    return sum(len(fact.payload or b"") for fact in facts) + sum(len(each.text) for each in texts)
