"""Tells people that questions wait for them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from podium.engine.worker.worker import Worker
from podium.errors import StoreError
from podium.in_threads import in_thread
from podium.model.clock import Clock
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.notify import NotifySettings, recipient_named
from podium.model.people import People
from podium.model.person import is_same
from podium.model.question import Question, QuestionState
from podium.operations.leadership import Leadership
from podium.operations.links import Links
from podium.operations.notify.memory import NoticeAddress, NoticeReason, NotifyMemory, PendingMail, PlannedNotice
from podium.operations.notify.messages import MOST, QuestionNotice, message
from podium.operations.notify.sending import MessageSender, address_digest
from podium.secrets.masking import MASKING
from podium.services.keeping import kept
from podium.services.looking import looking, rung
from podium.services.process_states import ProcessStates
from podium.store.protocol import QuestionQuery
from podium.telemetry.observer import Observer
from podium.telemetry.spans import NotificationSent

_LOG = logging.getLogger("podium")
_STATE = "notify"
_PAGE = 500
_AT_ONCE = 8
_FOR_ASSIGNEE = (NoticeReason.OPENED, NoticeReason.ESCALATED, NoticeReason.ASSIGNED)
_TOLD = (EventType.QUESTION_OPENED, EventType.QUESTION_ASSIGNED, EventType.QUESTION_COMMENTED)


class NoticeSender(Protocol):
    """Sends messages to addresses, which go by their digests."""

    def send(self, address: str, title: str, body: str) -> str:
        """Send a message and return why it could not be sent; empty where it was. It waits."""
        ...

    def knows(self, address: str) -> bool:
        """Whether there is such an address."""
        ...


class Notifier:
    """Tells people, once for each reason, that questions wait for them.

    One process of those on the store does so. What is to be told stands in the store before it is sent, and goes from
    there once it was: so it is told after a crash too, and twice only where the process dies in between.
    """

    def __init__(
        self, worker: Worker, settings: NotifySettings, links: Links, clock: Clock, *, people: People,
        observer: Observer | None = None, sender: NoticeSender | None = None,
    ) -> None:  # fmt: skip
        """`people` are told while they work, and times in their time zones.

        Raises ConfigError for an address that leads nowhere.
        """
        self._worker = worker
        self._store = worker.store
        self._settings = settings
        self._links = links
        self._clock = clock
        self._people = people
        self._observer = observer
        self._sender = MessageSender(settings.addresses()) if sender is None else sender
        states = self._store.states or ProcessStates()
        self._leadership = Leadership(_STATE, NotifyMemory, states, lambda: worker.id, self._is_gone)
        self._soon = asyncio.Event()

    @asynccontextmanager
    async def telling(self) -> AsyncGenerator[None]:
        """Tell people while the block lasts."""
        failed = "people cannot be told of questions; it is tried again"
        try:
            async with looking(self.look, self._soon, self._clock, lambda: self._settings.every, failed=failed):
                with rung(self._store.events.hear, self._soon):
                    yield
        finally:
            with suppress(StoreError):  # then another one does it when this process is gone
                await self._leadership.give_up()

    async def look(self) -> None:
        """Look once: take in what happened, and send what is due. Nothing, where another process does so."""
        if not await self._leadership.lead():
            return
        await self._take_in()
        await self._tell_planned()
        if not await self._leadership.keep():
            return
        due = [box for box, mail in self._memory.pending.items() if self._is_due(box, mail)]
        for first in range(0, len(due), _AT_ONCE):
            boxes = due[first : first + _AT_ONCE]
            for box in boxes:
                self._begin(box)
            if not await self._leadership.keep():
                return
            sent = await asyncio.gather(*map(self._send, boxes))
            for box, told in zip(boxes, sent, strict=True):
                self._note(box, told)
            if not await kept(self._leadership.keep, "what people were told", self._clock, self._settings.every):
                return

    @property
    def _memory(self) -> NotifyMemory:
        return self._leadership.memory

    # What happened

    async def _take_in(self) -> None:
        memory, events = self._memory, self._store.events
        if memory.position is None:
            memory.position = await events.last()
            await self._take_in_all()
        while found := await events.after(memory.position, _PAGE):
            if found[0].position > memory.position + 1 or any(each.type is EventType.GONE for each in found):
                await self._take_in_all()  # those in between are kept no more
            for event in found:
                await self._take(event)
            memory.position, memory.at = found[-1].position, found[-1].at

    async def _take_in_all(self) -> None:
        """Take in every question that is open, but for those that came before what is known."""
        cursor, since = None, self._memory.at
        while True:
            query = QuestionQuery(state=QuestionState.OPEN, since=since, limit=_PAGE, cursor=cursor)
            page = await self._store.questions(query)
            for question in page.items:
                await self._opened(question)
            if (cursor := page.cursor) is None:
                return

    async def _take(self, event: SystemEvent) -> None:
        if event.question is None:
            return
        if event.type is EventType.QUESTION_CLOSED:
            self._memory.forget(event.question)
        if event.type not in _TOLD:
            return
        question = await self._store.question(event.question)
        if question is None or question.state is not QuestionState.OPEN:
            return
        if event.type is EventType.QUESTION_OPENED:
            await self._opened(question)
        elif event.type is EventType.QUESTION_ASSIGNED:
            self._memory.take_back(question.id)
            self._tell(question, NoticeReason.ASSIGNED, event.at)
        else:
            await self._commented(question, event)

    async def _commented(self, question: Question, event: SystemEvent) -> None:
        """Tell those who are asked, and those who said or answered something, what another one says."""
        told, by = self._settings.of(question.tenant), str(event.content.get("by", ""))
        others = {each.by for each in await self._store.inbox.remarks(question.id)} | {*question.answered_by}
        named = [name for each in sorted(others) if (name := recipient_named(told, each)) is not None]
        boxes = [*self._mailboxes(question), *self._boxes(question.tenant, named)]
        for box in boxes:
            if not is_same(box.name, by):
                self._memory.add(box, question.id, NoticeReason.COMMENTED, event.at)

    async def _opened(self, question: Question) -> None:
        passed_on = await self._was_passed_on(question)
        self._tell(question, NoticeReason.ESCALATED if passed_on else NoticeReason.OPENED, question.asked_at)
        before, deadline = self._settings.before, question.deadline
        if before and deadline is not None and deadline - question.asked_at > 2 * before:
            self._memory.planned.append(PlannedNotice(question.id, NoticeReason.EXPIRES, deadline - before))
        if question.ask.remind is not None:
            at = question.asked_at + question.ask.remind
            self._memory.planned.append(PlannedNotice(question.id, NoticeReason.REMINDED, at))

    async def _was_passed_on(self, question: Question) -> bool:
        """Whether the same was asked of others before, who did not answer in time."""
        query = QuestionQuery(state=QuestionState.EXPIRED, run=question.run, limit=_PAGE)
        found = (await self._store.questions(query)).items
        return any(question.key.startswith(f"{each.key}.") and each.ask.text == question.ask.text for each in found)

    async def _tell_planned(self) -> None:
        """Tell people of what ends soon, and again of what is still open, each time after twice as long."""
        now, memory = self._clock.now(), self._memory
        due = [each for each in memory.planned if each.at <= now]
        memory.planned = [each for each in memory.planned if each.at > now]
        for each in due:
            question = await self._store.question(each.question)
            if question is None or question.state is not QuestionState.OPEN:
                continue
            self._tell(question, each.why, each.at)
            if each.why is NoticeReason.REMINDED and question.ask.remind is not None:
                memory.planned.append(each.following(question.ask.remind, now))

    def _tell(self, question: Question, why: NoticeReason, at: float) -> None:
        if why in _FOR_ASSIGNEE and self._people.is_agent(question.assignee, question.tenant):
            return  # which hears of it by itself; people are told once it cannot answer, or is late
        for box in self._mailboxes(question):
            self._memory.add(box, question.id, why, at)

    def _mailboxes(self, question: Question) -> Iterable[NoticeAddress]:
        """Return where a question is told: to whom it is given, or else asked by name, or else those of that group."""
        told, tenant = self._settings.of(question.tenant), question.tenant
        for asked in ([question.assignee or ""], [question.ask.to], self._people.asked(question.ask.to, tenant)):
            names = [name for each in asked if (name := recipient_named(told, each)) is not None]
            if found := self._boxes(tenant, names):
                return found
        return [NoticeAddress(tenant, "", address_digest(each)) for each in told.default]

    def _boxes(self, tenant: str, names: Sequence[str]) -> list[NoticeAddress]:
        """Return all addresses of people and groups that stand in the settings."""
        told = self._settings.of(tenant)
        return [NoticeAddress(tenant, name, address_digest(each)) for name in names for each in told.to[name]]

    # What is sent

    def _is_due(self, box: NoticeAddress, mail: PendingMail) -> bool:
        now = self._clock.now()
        if now < mail.since + self._settings.digest or now < mail.not_before:
            return False
        known = self._people.known.items()
        person = next((each for name, each in known if each.tenant == box.tenant and is_same(name, box.name)), None)
        return person is None or person.working.covers(now)

    async def _send(self, box: NoticeAddress) -> "tuple[Sequence[str], str]":
        """Tell what is to be told there; return of which questions it was, and why it could not be sent."""
        try:
            return await self._send_now(box)
        except StoreError as error:
            return (), f"the store is away: {error}"
        except Exception as error:  # the supervisor of a loop: what fails for one must keep no other from being told
            _LOG.exception("a message to %s of tenant %s cannot be sent", box.name or "the default", box.tenant)
            return (), f"{type(error).__name__}: {MASKING.text(str(error))}"

    async def _send_now(self, box: NoticeAddress) -> "tuple[Sequence[str], str]":
        mail = self._memory.pending[box]
        asked = tuple(mail.questions)
        if not self._sender.knows(box.address):
            _LOG.warning("%s of questions are told to nobody: the settings have the address no more", len(asked))
            return asked, ""
        reasons = dict(mail.questions)
        open_ones = [each for name in asked if (each := await self._open(name, reasons[name], box)) is not None]
        if not open_ones:
            return asked, ""
        notices = [await self._notice(each, reasons[each.id], box) for each in open_ones[:MOST]]
        zone = self._people.zone_of(box.name, box.tenant) or self._links.settings.time_zone
        told = message(notices, len(open_ones) - len(notices), self._clock.now(), zone)
        return asked, await in_thread(self._sender.send, box.address, told.title, told.body)

    async def _open(self, name: str, why: NoticeReason, box: NoticeAddress) -> Question | None:
        """Return a question, if whoever reads this may still answer it, or it is told what others say of it."""
        question = await self._store.question(name)
        if question is None or question.state is not QuestionState.OPEN:
            return None
        if question.deadline is not None and self._clock.now() >= question.deadline:
            return None
        answered = any(is_same(box.name, each) for each in question.answered_by)
        return None if answered and why is not NoticeReason.COMMENTED else question

    async def _notice(self, question: Question, why: NoticeReason, box: NoticeAddress) -> QuestionNotice:
        link = None
        if box.name:
            until = self._clock.now() + self._links.settings.within
            expires = until if question.deadline is None else min(until, question.deadline)
            link = await self._links.make(question.id, box.name, expires)
        return QuestionNotice(question=question, why=why, link=link, by=await self._by(question.id, why, box))

    async def _by(self, question: str, why: NoticeReason, box: NoticeAddress) -> str:
        """Return who gave a question to whoever has it, or who of others said something of it last."""
        if why not in (NoticeReason.ASSIGNED, NoticeReason.COMMENTED):
            return ""
        given = why is NoticeReason.ASSIGNED
        remarks = [
            each.by
            for each in await self._store.inbox.remarks(question)
            if (each.assignee is not None) == given and not is_same(each.by, box.name)
        ]
        return remarks[-1] if remarks else ""

    def _begin(self, box: NoticeAddress) -> None:
        """Have a message tried again only after a while, should this process die before it is noted what came of it."""
        mail = self._memory.pending[box]
        mail.tries += 1
        mail.not_before = self._clock.now() + mail.wait

    def _note(self, box: NoticeAddress, told: "tuple[Sequence[str], str]") -> None:
        """Note what was sent there, or that it is tried again."""
        asked, wrong = told
        mail = self._memory.pending[box]
        if self._observer is not None:
            self._observer.notification(NotificationSent(box.tenant, len(mail.questions), failed=bool(wrong)))
        if wrong:
            wait = mail.wait
            mail.not_before = self._clock.now() + wait
            whom = box.name or "the default"
            _LOG.warning(
                "%s of tenant %s cannot be told of questions: %s; again in %g s", whom, box.tenant, wrong, wait
            )
            return
        for name in asked:
            mail.questions.pop(name, None)
        if not mail.questions:
            del self._memory.pending[box]
            return
        mail.since, mail.tries, mail.not_before = self._clock.now(), 0, 0.0

    async def _is_gone(self, worker: str) -> bool:
        return await in_thread(self._store.workers.is_fenced, worker)
