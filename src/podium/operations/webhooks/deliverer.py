"""Delivering to all webhooks of a store: one process does, and another one takes its place when it is gone."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from podium.errors import StoreError
from podium.in_threads import in_thread
from podium.model.clock import Clock
from podium.model.webhooks import Webhook, WebhookSettings
from podium.operations.leadership import Leadership, NoMemory
from podium.operations.webhooks.outbox import Outbox
from podium.operations.webhooks.sending import Sends
from podium.services.looking import rung
from podium.services.process_states import ProcessStates
from podium.services.to_the_end import to_the_end
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")
_EVERY = 1.0
"""Seconds, at most, between two looks at what other processes changed of webhooks."""
_EXPIRES_EVERY = 60.0


class Deliverer:
    """Has an outbox for each webhook that is on, while this process leads, and wakes those that have work."""

    def __init__(
        self, store: Store, sends: Sends, clock: Clock, settings: WebhookSettings, *, worker: Callable[[], str],
        lease: float, poll: float, grace: float,
    ) -> None:  # fmt: skip
        self._store = store
        self._sends = sends
        self._clock = clock
        self._settings = settings
        self._lease = lease
        self._poll = poll
        self._grace = grace
        self._leading = Leadership("webhooks", NoMemory, store.states or ProcessStates(), worker, self._is_gone)
        self._loop = asyncio.get_running_loop()
        self._leads = False
        self._soon = asyncio.Event()
        self._outboxes: dict[str, tuple[Outbox, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._seen: Mapping[str, Webhook] = {}
        self._last = -1
        """The last event that outboxes were woken for."""
        self._next_leading = self._next_look = self._next_expiry = float("-inf")
        """When to look again, by the clock of the event loop: it is about other processes."""
        self._next_due: float | None = None
        """When something is to be tried again."""

    @asynccontextmanager
    async def delivering(self) -> AsyncGenerator[None]:
        """Deliver while the block lasts; then what is being sent has `grace` seconds to be sent."""
        with rung(self._store.events.hear, self._soon) as told:
            running = asyncio.create_task(self._run(told))
            try:
                yield
            finally:
                running.cancel()
                await to_the_end(asyncio.wait([running]))
                await to_the_end(self._stop())
                with suppress(StoreError):  # then another one leads when this process is gone
                    await self._leading.give_up()

    def _look_soon(self) -> None:
        self._next_look = float("-inf")
        self._soon.set()

    async def _run(self, told: Callable[[], bool]) -> None:
        while True:
            self._soon.clear()
            try:
                await self._look()
            except StoreError as error:
                _LOG.warning("webhooks wait for the store: %s", error)
            except Exception:  # the supervisor of a loop: a look that fails, for whatever reason, must not be the last
                _LOG.exception("what webhooks have to deliver could not be looked at; it is tried again")
            await self._until_next(_EVERY if told() else min(self._poll, _EVERY))

    async def _until_next(self, seconds: float) -> None:
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._soon.wait())]
        if self._next_due is not None:
            waits.append(asyncio.create_task(self._clock.sleep_until(self._next_due)))
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _look(self) -> None:
        """See who leads, which webhooks there are, and which of them have something to do."""
        now = self._loop.time()
        if now >= self._next_leading:
            self._leads = await self._leading.lead()
            self._next_leading = now + self._lease / 4
        if not self._leads:
            await self._stop()
            return
        if now >= self._next_look or self._is_due():
            await self._look_at_webhooks()
            self._next_look = now + min(self._poll, _EVERY)
        if await self._has_news():
            self._wake()
        if now >= self._next_expiry:
            self._next_expiry = now + _EXPIRES_EVERY
            while await self._store.webhooks.expire(self._clock.now() - self._settings.keep):
                pass
            self._wake()  # those with nothing to tell keep how far they are

    async def _has_news(self) -> bool:
        """Whether there is an event that no outbox was woken for."""
        before = self._last
        self._last = await self._store.events.last()
        return self._last != before

    def _is_due(self) -> bool:
        return self._next_due is not None and self._next_due <= self._clock.now()

    async def _look_at_webhooks(self) -> None:
        """Begin and end outboxes, and wake those whose webhook was changed, or that may try again."""
        now, before = self._clock.now(), self._seen
        self._seen = {each.id: each for each in await self._store.webhooks.all() if each.off is None}
        for name in [each for each, (_, task) in self._outboxes.items() if each not in self._seen or task.done()]:
            outbox, task = self._outboxes.pop(name)
            outbox.stop()
            self._ending = {each for each in (*self._ending, task) if not each.done()}
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                _LOG.error("delivering to webhook %s failed; it begins again", name, exc_info=error)
        due: list[float] = []
        soonest = await self._store.webhooks.soonest()
        for name, webhook in self._seen.items():
            if name not in self._outboxes:
                outbox = Outbox(name, self._store, self._sends, self._clock, self._settings, self._look_soon)
                self._outboxes[name] = outbox, asyncio.create_task(outbox.run())
            times = [soonest[name]] if name in soonest else []
            if webhook.hold is not None:
                times = [webhook.hold.next_at]
            if webhook != before.get(name) or any(at <= now for at in times):
                self._outboxes[name][0].wake()
            due += [at for at in times if at > now]
        self._next_due = min(due, default=None)

    def _wake(self) -> None:
        for outbox, _ in self._outboxes.values():
            outbox.wake()

    async def _stop(self) -> None:
        """Let what is being sent be sent; what takes too long is sent again by whoever leads then."""
        outboxes, self._outboxes, self._seen, self._next_due = self._outboxes, {}, {}, None
        for outbox, _ in outboxes.values():
            outbox.stop()
        tasks = [*(task for _, task in outboxes.values()), *self._ending]
        self._ending = set()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _is_gone(self, worker: str) -> bool:
        return await in_thread(self._store.workers.is_fenced, worker)
