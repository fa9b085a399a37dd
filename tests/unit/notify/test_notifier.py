"""People are told of questions: once for each reason, together, and again only where that could not be sent."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, Escalation, workflow
from podium.errors import ConfigError, StoreError
from podium.facade.handle import AnyHandle
from podium.model.ids import RandomIds
from podium.model.link import LinkSettings
from podium.model.notify import NotifySettings, TenantRecipients
from podium.model.people import People
from podium.model.person import Person
from podium.operations.links import Links
from podium.operations.notify.notifier import Notifier
from podium.operations.notify.sending import address_digest
from podium.services.process_states import ProcessStates
from podium.telemetry.observer import Observer
from podium.telemetry.spans import NotificationSent
from podium.testing import DrivenClock

HOUR = 3600.0
NO_PEOPLE = People({})
LINKS = LinkSettings(key="env:LINKS_KEY", zone="Asia/Tokyo")
SETTINGS = NotifySettings(
    to={"Ann": ["ann://"], "editors": ["slack://", "mail://"]}, default=["ops://"],
    tenants={"acme": TenantRecipients(to={"ann": ["acme-ann://"]})},
)  # fmt: skip


@workflow
async def asks(ctx: Context, given: dict[str, Any]) -> Any:
    within, remind = given.get("within"), given.get("remind")
    return await ctx.ask(given["text"], answer=str, to=given["to"], within=within, remind=remind)


@workflow
async def escalates(ctx: Context) -> Any:
    return await ctx.ask("Ship it?", answer=str, to="Ann", within=60, escalate=[Escalation(to="editors")])


@workflow
async def two(ctx: Context) -> Any:
    return await ctx.ask("Both?", answer=str, to="editors", quorum=2)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS_KEY", "0123456789abcdef0123456789abcdef")


class Counting(Observer):
    """Counts messages."""

    def __init__(self) -> None:
        self.sent: list[NotificationSent] = []

    def notification(self, sent: NotificationSent) -> None:
        self.sent.append(sent)


class Outbox:
    """Keeps what is sent, and fails where it is to."""

    def __init__(self, addresses: Sequence[str] = ("ann://", "slack://", "mail://", "ops://", "acme-ann://")) -> None:
        self.names = {address_digest(each): each for each in addresses}
        self.sent: list[tuple[str, str, str]] = []
        self.broken: set[str] = set()

    def send(self, address: str, title: str, body: str) -> str:
        if self.names[address] in self.broken:
            return "no route to host"
        self.sent.append((self.names[address], title, body))
        return ""

    def knows(self, address: str) -> bool:
        return address in self.names

    def taken(self) -> list[tuple[str, str]]:
        """Return whom what was said, and forget it."""
        found, self.sent = self.sent, []
        return sorted((address, title) for address, title, _ in found)


class Desk:
    def __init__(
        self, app: App, clock: DrivenClock, outbox: Outbox, settings: NotifySettings = SETTINGS,
        people: People = NO_PEOPLE,
    ) -> None:  # fmt: skip
        self.app, self.clock, self.outbox, self.settings = app, clock, outbox, settings
        self.people, self.observer = people, Counting()
        self.links = Links(LINKS, ProcessStates(), RandomIds())
        self.notifier = self.another()

    def another(self) -> Notifier:
        """Return what tells people in place of the one before, which died."""
        return Notifier(
            self.app.worker, self.settings, self.links, self.clock, people=self.people,
            observer=self.observer, sender=self.outbox,
        )  # fmt: skip

    async def ask(self, to: str, text: str = "Well?", tenant: str = "default", **more: Any) -> AnyHandle:
        handle = await self.app.start(asks, {"text": text, "to": to, **more}, tenant=tenant)
        await self.clock.settle()
        return handle

    async def after(self, seconds: float) -> list[tuple[str, str]]:
        """Look now and after a time, and return what was told."""
        await self.notifier.look()
        await self.clock.advance(seconds)
        await self.notifier.look()
        return self.outbox.taken()


@asynccontextmanager
async def desk(
    store: str | Path = ":memory:", settings: NotifySettings = SETTINGS, people: People = NO_PEOPLE
) -> AsyncGenerator[Desk]:
    clock = DrivenClock()
    async with App.open(store, agents=[asks, escalates, two], clock=clock, links=LINKS) as app:
        yield Desk(app, clock, Outbox(), settings, people)


async def test_each_is_told_where_they_read_with_a_link_of_their_own() -> None:
    async with desk() as at:
        handle = await at.ask("ann", text="Well?\x1b[31m\nMore.")
        assert await at.after(29) == []
        assert await at.after(1) == [("ann://", "Well?\\u001b[31m")]
        await at.ask("nobody known")
        await at.ask("ann", tenant="acme")
        await at.ask("ann", tenant="other")
        await at.clock.advance(30)
        await at.notifier.look()
        told = {address: body for address, _, body in at.outbox.sent}
        assert told.keys() == {"ops://", "acme-ann://"}
        assert "/answer/" not in told["ops://"]
        found = re.search(r"/answer/(\S+)", told["acme-ann://"])
        assert found is not None
        linked = await at.app.inbox.linked(found[1])
        assert (linked.link.person, linked.question.tenant) == ("ann", "acme")
        assert (await at.app.runs.get(handle.id)).state == "parked"


async def test_several_questions_are_one_message_and_those_that_are_answered_are_left_out() -> None:
    async with desk() as at:
        first = await at.ask("Ann", "First?")
        for n in range(24):
            await at.ask("Ann", f"Question {n}?")
        question = (await at.app.inbox.list(run=first.id)).items[0]
        await at.notifier.look()
        await at.app.inbox.answer(question.id, "yes", by="ann")
        assert await at.after(30) == [("ann://", "24 questions wait for you")]
        assert await at.after(600) == []
        await at.ask("Ann", "Only one?")
        await at.ask("Ann", "Another?")
        await at.notifier.look()
        await at.clock.advance(30)
        await at.notifier.look()
        ((_, _, body),) = at.outbox.sent
        assert body.index("Only one?") < body.index("Another?")
        assert body.count("/answer/") == 2
        assert "First?" not in body


async def test_what_cannot_be_sent_is_tried_again_less_and_less_often_and_the_others_are_not_told_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk() as at:
        at.outbox.broken = {"mail://"}
        await at.ask("editors")
        assert await at.after(30) == [("slack://", "Well?")]
        assert "editors of tenant default cannot be told of questions: no route to host" in caplog.text
        assert await at.after(29) == []
        for wait in (1, 60, 120, 240):
            assert await at.after(wait) == []
        assert caplog.text.count("no route to host") == 5
        assert [each.failed for each in at.observer.sent].count(True) == 5
        at.outbox.broken = set()
        assert await at.after(479) == []
        assert await at.after(1) == [("mail://", "Well?")]
        assert await at.after(HOUR) == []


async def test_after_a_crash_all_is_told_once_that_was_not(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        await at.ask("Ann", "Before?")
        assert await at.after(30) == [("ann://", "Before?")]
        await at.ask("Ann", "During?")
        await at.notifier.look()
        at.notifier = at.another()
        assert await at.after(30) == [("ann://", "During?")]
        await at.ask("Ann", "After?")
        at.notifier = at.another()
        assert await at.after(30) == [("ann://", "After?")]
        at.notifier = at.another()
        assert await at.after(HOUR) == []


async def test_what_was_open_before_people_were_told_is_told_and_one_process_does_so(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        await at.ask("Ann", "Old?")
        async with App.open(tmp_store, clock=at.clock) as other:
            second = Desk(other, at.clock, Outbox())
            assert await at.after(30) == [("ann://", "Old?")]
            assert await second.after(30) == []
        assert await at.after(30) == []


async def test_a_deadline_is_told_before_it_comes_and_no_more_once_it_was_answered() -> None:
    async with desk() as at:
        await at.ask("Ann", "Long?", within=3 * HOUR)
        answered = await at.ask("Ann", "Answered?", within=3 * HOUR)
        await at.ask("Ann", "Short?", within=1.5 * HOUR)
        assert await at.after(30) == [("ann://", "3 questions wait for you")]
        question = (await at.app.inbox.list(run=answered.id)).items[0]
        await at.app.inbox.answer(question.id, "yes", by="ann")
        assert await at.after(2 * HOUR - 1) == []
        assert await at.after(1) == [("ann://", "Ends soon: Long?")]
        assert await at.after(HOUR) == []


async def test_who_is_asked_next_is_told_that_it_was_passed_on() -> None:
    async with desk() as at:
        await at.app.start(escalates)
        await at.clock.settle()
        assert await at.after(30) == [("ann://", "Ship it?")]
        await at.clock.advance(31)
        assert await at.after(30) == [
            ("mail://", "Passed on to you: Ship it?"),
            ("slack://", "Passed on to you: Ship it?"),
        ]


async def test_people_are_reminded_each_time_after_twice_as_long() -> None:
    async with desk() as at:
        await at.ask("Ann", remind=100)
        assert await at.after(30) == [("ann://", "Well?")]
        assert await at.after(99) == []
        assert await at.after(1) == [("ann://", "Still open: Well?")]
        assert await at.after(199) == []
        assert await at.after(1) == [("ann://", "Still open: Well?")]
        (question,) = (await at.app.inbox.list()).items
        await at.app.inbox.answer(question.id, "yes", by="ann")
        assert await at.after(HOUR) == []


async def test_who_was_not_reminded_in_time_is_reminded_once() -> None:
    async with desk() as at:
        await at.ask("Ann", remind=100)
        assert await at.after(30) == [("ann://", "Well?")]
        await at.clock.advance(10_000)  # nobody told people meanwhile
        for _ in range(5):
            told = await at.after(60)
            assert told in ([], [("ann://", "Still open: Well?")])
        assert len(at.observer.sent) == 2


async def test_who_has_no_address_leaves_it_to_whom_is_told_by_default() -> None:
    people = People({"Ann": Person(groups=["buyers"]), "zoe": Person(groups=["buyers"])})
    async with desk(settings=replace(SETTINGS, to={"Ann": [], "buyers": [], "zoe": ["mail://"]}), people=people) as at:
        await at.ask("ann")
        assert await at.after(30) == [("ops://", "Well?")]
        await at.ask("buyers")
        assert await at.after(30) == [("mail://", "Well?")]


async def test_a_message_that_fails_in_any_way_keeps_no_other_from_being_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as at:
        real = at.links.make

        async def make(question: str, person: str, *rest: Any) -> str:
            if person == "Ann":
                raise LookupError("no key")
            return await real(question, person, *rest)

        monkeypatch.setattr(at.links, "make", make)
        await at.ask("Ann")
        await at.ask("editors")
        assert await at.after(30) == [("mail://", "Well?"), ("slack://", "Well?")]
        assert "LookupError: no key; again in 30 s" in caplog.text
        assert await at.after(100) == []
        monkeypatch.setattr(at.links, "make", real)
        assert await at.after(200) == [("ann://", "Well?")]


@pytest.mark.parametrize("writes", range(1, 5))
async def test_while_the_store_cannot_be_written_nobody_is_told_twice(
    writes: int, tmp_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_store) as at:
        await at.ask("Ann")
        await at.ask("editors")
        states = at.app.store.states
        assert states is not None
        real, done, full = states.swap, 0, True

        async def swap(*said: Any, **more: Any) -> bool:
            nonlocal done
            if (done := done + 1) > writes and full:
                raise StoreError("the disk is full")
            return await real(*said, **more)

        monkeypatch.setattr(states, "swap", swap)
        async with at.notifier.telling():
            for _ in range(60):
                await at.clock.settle()
                await at.clock.advance(6)
            assert len(at.outbox.sent) <= 3
            full = False
            for _ in range(20):
                await at.clock.settle()
                await at.clock.advance(6)
        assert at.outbox.taken() == [("ann://", "Well?"), ("mail://", "Well?"), ("slack://", "Well?")]


async def test_a_process_that_dies_each_time_after_it_told_people_tells_them_less_and_less_often(
    tmp_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise ZeroDivisionError

    async with desk(tmp_store) as at:
        await at.ask("Ann")
        await at.after(29)
        with monkeypatch.context() as dying:
            dying.setattr(Notifier, "_note", die)
            for _ in range(60):
                await at.clock.advance(10)
                with suppress(ZeroDivisionError):
                    await at.notifier.look()
                at.notifier = at.another()
        assert len(at.outbox.taken()) == 5  # at once, and after 30, 60, 120 and 240 seconds
        assert await at.after(1_000) == [("ann://", "Well?")]
        assert await at.after(HOUR) == []


async def test_people_of_a_group_are_told_where_each_reads_while_they_work() -> None:
    people = People({"Ann": Person(groups=["buyers"], hours="mon-fri 09:00-17:00"), "zoe": Person(groups=["buyers"])})
    async with desk(people=people) as at:  # it is a Tuesday, 22:13
        await at.ask("buyers")
        assert await at.after(30) == []
        assert await at.after(10 * HOUR) == []
        assert await at.after(HOUR) == [("ann://", "Well?")]


async def test_times_are_those_of_the_zone_of_whoever_is_told() -> None:
    people = People({"Ann": Person(zone="America/New_York")})
    async with desk(people=people) as at:  # it is 22:13 in Greenwich
        for to in ("ann", "editors"):
            await at.ask(to, within=1.5 * HOUR)
        await at.notifier.look()
        await at.clock.advance(30)
        await at.notifier.look()
        told = {address: body for address, _, body in at.outbox.sent}
        assert "18:43 EST (America/New_York), in 1 hour" in told["ann://"]
        assert "08:43 JST (Asia/Tokyo), in 1 hour" in told["mail://"]


async def test_of_what_an_agent_is_given_people_are_told_once_they_have_it_or_it_is_late() -> None:
    people = People({"bot": Person(groups=["editors"], agent="bot")})
    async with desk(people=people) as at:
        await at.ask("editors", remind=HOUR)
        (question,) = (await at.app.inbox.list()).items
        await at.notifier.look()
        await at.app.inbox.reassign(question.id, "bot", by="root")
        assert await at.after(30) == []
        assert await at.after(HOUR) == [("mail://", "Still open: Well?"), ("slack://", "Still open: Well?")]
        await at.app.inbox.reassign(question.id, "Ann", by="bot")
        assert await at.after(30) == [("ann://", "Given to Ann: Well?")]


@pytest.mark.parametrize("call", ["@everyone", "@Here", "<@&123>", "<@!123>", "<@123>", "@channel", "@all"])
async def test_what_a_question_says_calls_nobody_in_a_chat(call: str) -> None:
    async with desk() as at:
        await at.ask("Ann", f"Well, {call}?\nAsk bob@all.example or {call}.")
        await at.notifier.look()
        await at.clock.advance(30)
        await at.notifier.look()
        ((_, title, body),) = at.outbox.sent
    for text in (title, body):
        assert call not in text
        assert call in text.replace("\u2060", "")
    assert "bob@all.example" in body.replace("\u2060", "")


async def test_whoever_has_answered_is_told_no_more() -> None:
    async with desk() as at:
        handle = await at.app.start(two)
        await at.clock.settle()
        question = (await at.app.inbox.list(run=handle.id)).items[0]
        await at.app.inbox.answer(question.id, "yes", by="Editors")
        assert await at.after(30) == []


async def test_whoever_is_given_a_question_is_told_and_others_are_not_any_more() -> None:
    async with desk() as at:
        await at.ask("editors", remind=100)
        (question,) = (await at.app.inbox.list()).items
        await at.notifier.look()
        await at.app.inbox.reassign(question.id, "ann", by="bob\x1b[31m")
        assert await at.after(30) == [("ann://", "Given to ann: Well?")]
        await at.app.inbox.reassign(question.id, "zoe", by="ann")
        assert await at.after(30) == [("mail://", "Given to zoe: Well?"), ("slack://", "Given to zoe: Well?")]
        await at.app.inbox.reassign(question.id, "Ann", by="bob\x1b[31m")
        await at.notifier.look()
        await at.clock.advance(30)
        await at.notifier.look()
        ((address, _, body),) = at.outbox.sent
        assert address == "ann://"
        assert "bob\\u001b[31m gave it to Ann." in body
        at.outbox.taken()
        assert await at.after(40) == [("ann://", "Still open: Well?")]


async def test_what_is_given_to_others_as_somebody_leaves_is_told_to_these() -> None:
    people = {"ann": Person(groups=["buyers"]), "zoe": Person(groups=["buyers"], substitutes=["ann"])}
    clock = DrivenClock()
    async with App.open(":memory:", agents=[asks], clock=clock, links=LINKS, people=people) as app:
        at = Desk(app, clock, Outbox(), people=People(people))
        await app.inbox.away("ann", clock.now() + HOUR)
        await at.ask("buyers")
        await at.after(30)
        await app.inbox.away("ann", None)
        await app.inbox.away("zoe", clock.now() + HOUR)
        assert await at.after(30) == [("ann://", "Given to ann: Well?")]


async def test_a_comment_is_told_to_those_who_take_part_but_for_whoever_made_it() -> None:
    told = NotifySettings(to={each: [f"{each}://"] for each in ("ann", "bob", "cyd", "eve")})
    async with desk(settings=told) as at:
        at.outbox = Outbox([f"{each}://" for each in ("ann", "bob", "cyd", "eve")])
        at.notifier = at.another()
        handle = await at.app.start(two)
        await at.clock.settle()
        (question,) = (await at.app.inbox.list(run=handle.id)).items
        await at.notifier.look()
        await at.app.inbox.reassign(question.id, "ann", by="root")
        await at.app.inbox.answer(question.id, "yes", by="cyd")
        assert await at.after(30) == [("ann://", "Given to ann: Both?")]
        await at.app.inbox.comment(question.id, "Hm.", by="bob")
        assert await at.after(30) == [("ann://", "bob commented on: Both?"), ("cyd://", "bob commented on: Both?")]
        for by in ("ann", "Bob", "ann"):
            await at.app.inbox.comment(question.id, "Hm.", by=by)
            await at.clock.advance(1)
        assert await at.after(30) == [
            ("ann://", "Bob commented on: Both?"),
            ("bob://", "ann commented on: Both?"),
            ("cyd://", "ann commented on: Both?"),
        ]
        await at.app.inbox.answer(question.id, "yes", by="ann")
        await at.app.inbox.comment(question.id, "Too late.", by="bob")
        assert await at.after(HOUR) == []


async def test_an_address_that_is_gone_from_the_settings_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as at:
        await at.ask("editors")
        await at.notifier.look()
        at.outbox.names = {key: each for key, each in at.outbox.names.items() if each != "mail://"}
        assert await at.after(30) == [("slack://", "Well?")]
        assert "told to nobody" in caplog.text
        assert await at.after(HOUR) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (replace(SETTINGS, default=["nonsense://x"]), "notify.default"),
        (NotifySettings(to={"ann": ["env:NOT_SET"]}), "notify.to.ann"),
        (NotifySettings(tenants={"acme": TenantRecipients(default=["x"])}), "notify.tenants.acme.default"),
    ],
)
async def test_an_address_that_leads_nowhere_is_refused_at_the_start(settings: NotifySettings, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        async with App.open(":memory:", notify=settings):
            pass
