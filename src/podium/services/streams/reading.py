"""Reading the events of a run: from its journal, and from what is kept of what is in no journal."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from podium.errors import StoreError
from podium.model.clock import Clock
from podium.model.fact import Fact
from podium.model.run import Run, RunState
from podium.model.streams.book import KeptEvent, KeptEvents
from podium.model.streams.durable import Gone, StreamBlocked
from podium.model.streams.event import StreamEvent, event_of
from podium.model.streams.numbers import place_of_number
from podium.model.streams.told import events_of
from podium.services.streams.feed import Feed
from podium.services.streams.gaps import Gaps
from podium.store.protocol import Store

_LOOK_SECONDS, _LOOK_HERE_SECONDS = 0.1, 1.0
"""A run that another process drives is looked at so often; of one that is driven here all news comes by itself."""
_LEASE_SECONDS, _RENEW_SECONDS = 30.0, 10.0
"""So long the owner of a run keeps its transient events for a reader that says no more, and so often one says it."""
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


class StreamReader:
    """Reads the events of one run, in the order of their numbers, until it has ended or is blocked."""

    def __init__(self, run: str, after: int | None, watching: Watching) -> None:
        """Read what comes after a number, or from now on where that is None."""
        self._run = run
        self._after = after
        self._watching = watching
        self._store = watching.store
        self._feed = watching.feed
        self._gaps = Gaps()
        self._facts = 0
        """How many facts were told."""
        self._number = 0 if after is None else after
        self._renew_at = float("-inf")
        self._commits = -1

    async def events(self) -> AsyncIterator[StreamEvent]:
        """Give the events; one that is lost is told by an event `gone`."""
        await self._begin()
        if self._after and await self._is_unknown(self._after):
            yield self._noticed(0, Gone(None), self._number)
        news = True
        while True:
            self._watching.check()
            here = self._watching.driven()
            if not here:
                await self._watch()
            looks = not here or not news or self._feed.commits != self._commits
            self._commits = self._feed.commits
            facts = await self._store.facts(self._run, after=self._facts - 1) if looks else []
            kept = await self._kept(here=here)
            self._facts += len(facts)
            for event in self._merged(facts, kept):
                self._number = event.number
                yield event
            if looks:
                run = await self._store.run(self._run)
                if run is None:
                    return  # it was pruned meanwhile
                if self._is_over(run):
                    if run.state is RunState.BLOCKED:
                        yield self._noticed(run.epoch, StreamBlocked(run.reason), self._number)
                    return
            news = await self._feed.wait(_LOOK_HERE_SECONDS if here else _LOOK_SECONDS)

    async def _begin(self) -> None:
        """Find the place in the journal to go on from."""
        if self._after is None:
            run = await self._store.run(self._run)
            self._facts = 0 if run is None else run.facts
            self._facts += len(await self._store.facts(self._run, after=self._facts - 1))
            return
        place, epoch = place_of_number(self._after), None
        self._facts = place.facts
        if self._after and not place.taken:
            self._facts -= 1  # there may be further parts of what this fact tells
        elif self._after:
            last = (await self._store.facts(self._run, after=place.facts - 2))[:1]
            epoch = last[0].epoch + place.taken - 1 if last else None
        self._gaps.resume(self._after, epoch)

    async def _is_unknown(self, after: int) -> bool:
        """Whether nobody knows if transient events were missed since a number; waits a moment for the run's owner."""
        for _ in range(_CONNECT_LOOKS):
            here = self._watching.driven()
            if not here:
                await self._watch()
            run, kept = await self._store.run(self._run), await self._kept(here=here)
            if here or run is None or run.state is not RunState.RUNNING or (kept and kept.epoch == run.epoch):
                break
            await self._feed.wait(_LOOK_SECONDS)
        else:
            kept = await self._kept(here=False)
        newer = await self._store.facts(self._run, after=place_of_number(after).facts - 1)
        return self._gaps.connect(after, kept, grown=bool(newer))

    async def _watch(self) -> None:
        """Have the owner keep events for this reader; where that cannot be written now, the next look tries again."""
        now = self._watching.clock.monotonic()
        if now >= self._renew_at:
            with suppress(StoreError):
                await self._watching.announce(self._run)
                self._renew_at = now + _RENEW_SECONDS

    async def _kept(self, *, here: bool) -> KeptEvents | None:
        """Return what is kept after the last number, by this process or in the store."""
        own = self._feed.after(self._number)
        if here:
            return own
        other = await self._store.streams.kept(self._run, self._number)
        if own is None or other is None:
            return own or other
        numbers = {event.number: event for event in (*own.events, *other.events)}
        before = max((each for each in (own.before, other.before) if each), key=lambda each: each.number, default=None)
        newer = max(own, other, key=lambda each: (each.epoch, each.last))
        return replace(newer, events=[numbers[number] for number in sorted(numbers)], before=before)

    def _merged(self, facts: Sequence[Fact], kept: KeptEvents | None) -> Sequence[StreamEvent]:
        """Return what is new, in order; what was emitted after facts that are not read yet is for the next look."""
        events = [event for event in events_of(self._run, facts) if event.number > self._number]
        if kept is None:
            return events
        ready = [each for each in kept.events if place_of_number(each.number).facts <= self._facts]
        for each in ready:
            events += self._lost(self._gaps.lost(each.epoch, each.number), each.number - 1, each)
            events.append(event_of(each.text))
        if len(ready) == len(kept.events) and place_of_number(kept.last).facts <= self._facts:
            events += self._lost(self._gaps.lost_at_the_end(kept), kept.last, None)
        return sorted(events, key=lambda event: event.number)

    def _lost(self, count: int, number: int, event: KeptEvent | None) -> Sequence[StreamEvent]:
        if count <= 0:
            return ()
        epoch = 0 if event is None else event.epoch
        return (self._noticed(epoch, Gone(count), max(number, self._number)),)

    def _noticed(self, epoch: int, content: Gone | StreamBlocked, number: int) -> StreamEvent:
        return StreamEvent(
            run=self._run, number=number, key="", attempt=0, step="", at=self._watching.clock.now(), epoch=epoch,
            content=content,
        )  # fmt: skip

    def _is_over(self, run: Run) -> bool:
        """Whether a run has ended or is blocked, and all of it was told."""
        return (run.state.ended or run.state is RunState.BLOCKED) and self._facts >= run.facts
