"""Delivering to one webhook: one thing after the other, in the order of the events, as long as the receiver takes them.

A receiver that is away holds back what follows: nothing is lost, and the order stays. One that refuses a single message
holds back nothing else: that message is tried again beside the others, and set aside in the end.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from podium.errors import StoreError
from podium.in_threads import in_thread
from podium.model.action import UserAction
from podium.model.clock import Clock
from podium.model.events import SystemEvent
from podium.model.principal import INSTALLATION
from podium.model.webhooks import DeliveryState, Hold, Refusals, Webhook, WebhookDelivery, WebhookSettings
from podium.operations.webhooks.messages import body_of, delivery_of, lost
from podium.operations.webhooks.sending import LONGEST_WAIT, SendResult, Sends, Verdict
from podium.operations.webhooks.subscriptions import fits
from podium.services.keeping import kept
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")
T = TypeVar("T")
_AT_ONCE = 100
"""So many events are read at once."""
_PASSED = 1_000
_PASSED_EVERY = 60.0
"""After so many events that are passed over, or seconds, it is kept that they were: in time before they expire."""
_STORE_AWAY = 1.0
AGAIN = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds between the tries of a message that the receiver refuses; after the last it is set aside."""
LEAST_REFUSED = 20
"""So many tries in a row are refused, at least, before a webhook is switched off: some messages, each tried again."""
AWAY = (5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0)
"""Seconds between the tries while the receiver is away; the last one again and again."""


class Outbox:
    """What is to be delivered to one webhook."""

    def __init__(
        self, id: str, store: Store, sends: Sends, clock: Clock, settings: WebhookSettings, changed: Callable[[], None]
    ) -> None:
        """`changed` is told when it is known when something is tried again."""
        self._id = id
        self._changed = changed
        self._store = store
        self._book = store.webhooks
        self._sends = sends
        self._clock = clock
        self._settings = settings
        self._wake = asyncio.Event()
        self._stops = False
        self._did = False
        """Whether anything was tried since `changed` was told."""
        self._tried_again = False
        """Whether the last one was tried again: then it is the turn of one that was not tried yet."""
        self._read: deque[SystemEvent] = deque()
        self._kept: int = -1
        """The cursor as the store has it."""
        self._kept_at = float("-inf")
        self._position: int = -1
        """The last event that was read."""

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing more; what is being sent is sent, and kept."""
        self._stops = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until the webhook is off or gone, or this is stopped."""
        while not self._stops:
            self._wake.clear()
            try:
                webhook = await self._book.get(self._id)
                if webhook is None or webhook.off is not None:
                    return
                busy = await self._step(webhook)
            except StoreError as error:
                _LOG.warning("webhook %s waits for the store: %s", self._id, error)
                await self._clock.sleep_until(self._clock.now() + _STORE_AWAY)
                continue
            if not busy:
                if self._did:
                    self._did = False
                    self._changed()
                await self._wake.wait()
            self._did |= busy
        with suppress(StoreError):  # then whoever delivers next passes over the same once more
            await self._pass_over(at_once=True)

    async def _step(self, webhook: Webhook) -> bool:
        """Do what is to be done first; False where there is nothing now."""
        now = self._clock.now()
        if webhook.hold is not None and not _has_come(webhook.hold.next_at, now):
            return False
        due = await self._book.due(self._id)
        if due is not None and not _has_come(due.next_at or 0.0, now):
            due = None
        following = None if due is not None and not self._tried_again else await self._next(webhook)
        if self._stops:
            return True
        self._tried_again = following is None and due is not None
        if following is not None:
            await self._first(webhook, following)
        elif due is not None:
            await self._again(webhook, due)
        return following is not None or due is not None

    async def _next(self, webhook: Webhook) -> WebhookDelivery | None:
        """Return what follows on what was handled; None where there is nothing."""
        if webhook.cursor != self._kept:
            self._kept = self._position = webhook.cursor
            self._read.clear()
        told = fits(webhook)
        while True:
            if not self._read:
                await self._pass_over()
                self._read.extend(await self._store.events.after(self._position, _AT_ONCE))
                if not self._read:
                    return None
            event = self._read[0]
            if event.position > self._position + 1:
                return lost(webhook, self._position, event.position, event.at)
            if told(event.type.value, event.tenant, event.workflow):
                return delivery_of(webhook, event)
            self._read.popleft()
            self._position = event.position

    async def _pass_over(self, *, at_once: bool = False) -> None:
        """Keep now and then, or at once, that events were passed over."""
        passed, now = self._position - self._kept, self._clock.now()
        soon = now < self._kept_at + _PASSED_EVERY and not at_once
        if passed > (_PASSED if soon else 0) and await self._book.advance(self._id, self._kept, self._position, None):
            self._kept, self._kept_at = self._position, now

    async def _first(self, webhook: Webhook, delivery: WebhookDelivery) -> None:
        """Try something for the first time, or again after its receiver was away: with it the cursor moves."""
        sent = await self._send(webhook, delivery)
        if sent.verdict in (Verdict.AWAY, Verdict.GONE):
            await self._noted(lambda: self._back_off(webhook, sent))
            return
        after, position = self._after(delivery, sent), delivery.position
        assert position is not None  # it is that of an event
        if await self._noted(lambda: self._book.advance(self._id, self._kept, position, after)):
            self._kept = self._position = position
            if self._read and self._read[0].position == position:
                self._read.popleft()
            await self._count(webhook, sent)
        else:
            self._kept = -1  # somebody else moved it: look anew

    async def _again(self, webhook: Webhook, delivery: WebhookDelivery) -> None:
        """Try again what was refused, or what people want delivered."""
        sent = await self._send(webhook, delivery)
        if sent.verdict in (Verdict.AWAY, Verdict.GONE):
            await self._noted(lambda: self._back_off(webhook, sent))
            return
        after = self._after(delivery, sent)
        await self._noted(lambda: self._book.put(after))
        await self._count(webhook, sent)
        if webhook.hold is not None:
            await self._noted(lambda: self._book.advance(self._id, webhook.cursor, webhook.cursor, None))

    async def _send(self, webhook: Webhook, delivery: WebhookDelivery) -> SendResult:
        try:
            body = await body_of(self._store, webhook, delivery)
        except StoreError:
            raise
        except Exception as error:  # the supervisor of a loop: what cannot be told must not hold back what follows
            _LOG.exception("delivery %s to webhook %s cannot be put together", delivery.id, self._id)
            return SendResult(verdict=Verdict.REFUSED, why=f"it cannot be put together: {type(error).__name__}")
        return await self._sends.send(webhook, delivery, body)

    async def _noted(self, note: Callable[[], Awaitable[T]]) -> T:
        """Note what came of a try, however long that takes, unless this is stopped."""
        return await kept(note, f"webhook {self._id}", self._clock, _STORE_AWAY, stops=lambda: self._stops)

    def _after(self, delivery: WebhookDelivery, sent: SendResult) -> WebhookDelivery:
        """Return a delivery as it stands after a receiver answered."""
        now, tries = self._clock.now(), delivery.tries + 1
        tried = replace(delivery, tries=tries, status=sent.status, why=sent.why, next_at=None)
        if sent.verdict is Verdict.DELIVERED:
            return replace(tried, state=DeliveryState.DELIVERED, ended_at=now)
        if tries > len(AGAIN):
            _LOG.warning("delivery %s to webhook %s is set aside: %s", delivery.id, self._id, sent.why)
            return replace(tried, state=DeliveryState.SET_ASIDE, ended_at=now)
        return replace(tried, state=DeliveryState.WAITING, next_at=now + AGAIN[tries - 1])

    async def _count(self, webhook: Webhook, sent: SendResult) -> None:
        """Count what a receiver refuses since it took something last; after days of nothing else it is switched off."""
        now, before = self._clock.now(), webhook.refusals
        if sent.verdict is Verdict.DELIVERED:
            if before is not None:
                await self._noted(lambda: self._book.note_refusals(self._id, None))
        elif sent.status is not None:  # else it was never sent
            since, tries = (now, 1) if before is None else (before.since, before.tries + 1)
            await self._noted(lambda: self._book.note_refusals(self._id, Refusals(since, tries, sent.why)))
            if tries >= LEAST_REFUSED and now - since >= self._settings.give_up:
                days = (now - since) / 86_400
                why = f"its receiver took nothing for {days:.1f} days, of {tries} tries: {sent.why}"
                await self._noted(lambda: self._off(webhook, why))

    async def _back_off(self, webhook: Webhook, sent: SendResult) -> None:
        """Wait longer each time, and in the end, or where the receiver wants no more, for somebody to switch it on."""
        now, held = self._clock.now(), webhook.hold
        since, tries = (now, 0) if held is None else (held.since, held.tries)
        if sent.verdict is Verdict.GONE:
            await self._off(webhook, f"{sent.why}: it wants nothing any more")
        elif now - since >= self._settings.give_up:
            await self._off(webhook, f"its receiver was away for {(now - since) / 86_400:.1f} days: {sent.why}")
        else:
            wait = max(AWAY[min(tries, len(AWAY) - 1)], sent.wait)
            await self._book.hold(self._id, Hold(since=since, tries=tries + 1, next_at=now + wait, why=sent.why))

    async def _off(self, webhook: Webhook, why: str) -> None:
        """Switch it off, which the log says, the list of webhooks, and that of who changed what."""
        if await self._book.switch_off(self._id, why):
            _LOG.warning("webhook %s is switched off: %s", self._id, why)
            done = UserAction(
                id=f"{self._id}/off/{self._clock.now()}", at=self._clock.now(), by=INSTALLATION,
                tenant=webhook.tenant or "default", what="switch webhooks off", about=self._id,
                said={"name": webhook.name, "reason": why},
            )  # fmt: skip
            await in_thread(self._store.action_book.enter, done)


def _has_come(at: float, now: float) -> bool:
    """Whether a time has come; one further ahead than any wait was written before the clock was set back."""
    return at <= now or at > now + LONGEST_WAIT
