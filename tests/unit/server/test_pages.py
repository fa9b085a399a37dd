"""The page of a one-time link: what it shows, that looking changes nothing, and that its form answers once."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import pytest
from pydantic import BaseModel, Field

from podium import App, Approval, Context, workflow
from podium.errors import UsageError
from podium.facade.handle import AnyHandle
from podium.model.link import LinkSettings
from podium.model.person import Person
from podium.model.question import Question
from podium.server.application import application
from podium.testing import DrivenClock
from tests.unit.server.conftest import KnownByName

HOSTILE = '<script>alert(1)</script> \u202etxt.exe\u2066 \x1b[31m<b>bold</b> & "quoted"'


@workflow
async def approves(ctx: Context, draft: str) -> Any:
    decision = await ctx.ask(Approval("Send this letter?", draft, edit=str, questions=True), to="ann", within=7200)
    return {"approved": decision.approved, "comment": decision.comment, "by": list(decision.by),
            "value": decision.value, "question": decision.question}  # fmt: skip


class Order(BaseModel):
    """What is ordered."""

    name: str = Field(min_length=2, description="Of the customer.")
    count: int = Field(ge=1, le=9)
    express: bool
    size: Literal["small", "large"] = "small"
    tags: list[str] = []
    due: str | None = Field(default=None, json_schema_extra={"format": "date"})


@workflow
async def orders(ctx: Context) -> Any:
    order = await ctx.ask("What is ordered?", answer=Order, to="ann")
    return order.model_dump()


@workflow
async def writes(ctx: Context, text: str) -> Any:
    return await ctx.ask(text, subject={"note": HOSTILE, "n": [1, True, None]}, answer=str, to="ann")


@workflow
async def counts(ctx: Context) -> Any:
    return await ctx.ask("Who agrees?", answer=bool, to="editors", quorum=2)


@workflow
async def anything(ctx: Context) -> Any:
    return await ctx.ask("Anything?", to="ann")


class Page:
    """A person with a link to a question of a run."""

    def __init__(self, client: httpx.AsyncClient, app: App, handle: AnyHandle, question: Question, url: str) -> None:
        self.client, self.app, self.handle, self.question, self.url = client, app, handle, question, url

    async def look(self) -> httpx.Response:
        return await self.client.get(self.url)

    async def send(self, **fields: Any) -> httpx.Response:
        return await self.client.post(self.url, data={name.replace("__", "/"): each for name, each in fields.items()})


Opened = Callable[..., Awaitable[Page]]


@pytest.fixture(name="clock")
def _clock() -> DrivenClock:
    return DrivenClock()


@asynccontextmanager
async def desk(clock: DrivenClock, **settings: Any) -> AsyncGenerator[Opened]:
    agents = [approves, orders, writes, counts, anything]
    async with App.open(":memory:", agents=agents, clock=clock, **settings) as app:
        way = httpx.ASGITransport(application(app, KnownByName()), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=way, timeout=30) as client:

            async def opened(asks: Any, given: Any = None, who: str = "ann", within: float | None = None) -> Page:
                handle = await app.start(asks, given)
                await clock.settle()
                question = (await app.inbox.list(run=handle.id)).items[0]
                url = await app.inbox.link(question.id, for_=who, within=within)
                return Page(client, app, handle, question, url)

            yield opened


async def test_looking_changes_nothing_and_sending_answers_once_as_the_person_of_the_link(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(approves, "Dear Bob,\nall is well.")
        for _ in range(3):
            assert (await page.look()).status_code == 200
        assert (await page.client.head(page.url)).status_code == 200
        assert (await page.app.inbox.get(page.question.id)).state == "open"
        assert "What others say" not in (await page.look()).text
        await page.app.inbox.comment(page.question.id, "Bob has <moved>.", by="zoe")
        shown = (await page.look()).text
        assert "Bob has &lt;moved&gt;." in shown
        assert "Send this letter?" in shown
        assert "all is well." in shown
        assert "in 2 hours" in shown
        sent = await page.send(way="approve", comment="fine", by="mallory")
        assert (sent.status_code, sent.headers["location"]) == (303, httpx.URL(page.url).path)
        ended = await page.handle.result()
        assert (ended["approved"], ended["comment"], ended["by"]) == (True, "fine", ["ann"])
        after = (await page.look()).text
        assert "This question is answered: by ann." in after
        assert "<button" not in after
        twice = await page.send(way="approve", comment="fine")
        assert twice.status_code == 303
        again = await page.send(way="refuse", reason="no")
        assert again.status_code == 409
        assert "was not taken" in again.text


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"way": "refuse", "reason": "too long\r\nand dull"}, {"approved": False, "comment": "too long\nand dull"}),
        ({"way": "edit", "value": "Dear Ann"}, {"approved": True, "value": "Dear Ann"}),
        ({"way": "edit", "value": "Dear Bob"}, {"approved": True, "value": None}),
        ({"way": "ask", "question": "which Bob?"}, {"approved": False, "question": "which Bob?"}),
    ],
)
async def test_an_approval_is_refused_edited_or_asked_back(
    clock: DrivenClock, sent: dict[str, str], expected: dict[str, Any]
) -> None:
    async with desk(clock) as opened:
        page = await opened(approves, "Dear Bob")
        assert (await page.send(**sent)).status_code == 303
        ended = await page.handle.result()
        assert {name: ended[name] for name in expected} == expected


async def test_a_form_says_beside_each_field_what_does_not_fit_and_keeps_what_was_typed(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(orders)
        wrong = await page.send(way="answer", answer__name="x", answer__count="eleven", answer__tags="a\r\nb & c")
        assert wrong.status_code == 422
        errors = dict(re.findall(r'id="f-answer-(\w+)-error">([^<]*)<', wrong.text))
        assert errors == {
            "count": "&#39;eleven&#39; is no number: write one such as 12.", "express": "Choose one.",
        }  # fmt: skip
        assert 'value="eleven"' in wrong.text
        assert "a\nb &amp; c</textarea>" in wrong.text
        wrong = await page.send(way="answer", answer__name="x", answer__count="11", answer__express="1")
        errors = dict(re.findall(r'id="f-answer-(\w+)-error">([^<]*)<', wrong.text))
        assert errors == {"name": "Write at least 2 characters.", "count": "Give 9 or less."}
        right = await page.send(
            way="answer", answer__name="Zoë", answer__count="2", answer__express="0", answer__size="1",
            answer__tags="a\r\n\r\nb", answer__due="",
        )  # fmt: skip
        assert right.status_code == 303
        assert await page.handle.result() == {
            "name": "Zoë", "count": 2, "express": False, "size": "large", "tags": ["a", "b"], "due": None,
        }  # fmt: skip


async def test_any_json_is_typed_as_json(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything)
        wrong = await page.send(way="answer", answer='{"a": ')
        assert wrong.status_code == 422
        assert "This is no JSON" in wrong.text
        assert (await page.send(way="answer", answer='{"a": [1]}')).status_code == 303
        assert await page.handle.result() == {"a": [1]}


async def test_what_others_wrote_is_shown_and_never_obeyed(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(writes, HOSTILE)
        shown = await page.look()
        assert "<script" not in shown.text
        assert "<b>bold" not in shown.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text
        for character in "\u202e\u2066\x1b":
            assert character not in shown.text
        sent = await page.send(way="answer", answer=HOSTILE)
        assert sent.status_code == 303
        assert await page.handle.result() == HOSTILE
        assert "<script" not in (await page.look()).text


async def test_a_page_has_no_scripts_and_is_kept_nowhere(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything)
        for answer in (await page.look(), await page.send(way="nothing"), await page.client.get(page.url + "x")):
            headers = answer.headers
            policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
            assert policy["default-src"] == "'none'"
            assert "unsafe" not in headers["content-security-policy"]
            assert "script-src" not in policy
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "noindex" in headers["x-robots-tag"]
            assert "http" not in answer.text.replace(page.url, "")


async def test_a_link_ends_with_its_time_and_cannot_be_made_up(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything, within=60)
        path, _, token = page.url.rpartition("/")
        head, body, signature = token.split(".")
        for forged in (f"{head}.{body}.{signature[:-2]}AA", f"{head}.{body}", "x", f"{head}.{body[:-4]}.{signature}"):
            for answer in (await page.client.get(f"{path}/{forged}"), await page.client.post(f"{path}/{forged}")):
                assert answer.status_code == 404
                assert "This link leads nowhere" in answer.text
        await clock.advance(61)
        late = await page.look()
        assert (late.status_code, "Anything?" in late.text) == (410, False)
        assert (await page.send(way="answer", answer="1")).status_code == 410
        assert (await page.app.inbox.get(page.question.id)).state == "open"


async def test_with_a_quorum_each_answers_once_and_sees_who_has(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(counts, who="ann")
        bobs = await page.app.inbox.link(page.question.id, for_="bob")
        assert (await page.send(way="answer", answer="1")).status_code == 303
        assert "You have answered. 2 people have to answer; ann has so far." in (await page.look()).text
        assert (await page.send(way="answer", answer="0")).status_code == 409
        assert "ann has so far" in (await page.client.get(bobs)).text
        assert (await page.client.post(bobs, data={"way": "answer", "answer": "0"})).status_code == 303
        assert await page.handle.result() == [True, False]


async def test_a_withdrawn_or_expired_question_says_so(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything)
        await page.handle.cancel("no need")
        await clock.settle()
        assert "cancelled" in (await page.look()).text
        late = await page.send(way="answer", answer="1")
        assert late.status_code == 409


@pytest.mark.parametrize(
    ("who", "zone"), [("ANN", "EST (America/New_York)"), ("bob", "JST (Asia/Tokyo)"), ("cyd", "JST (Asia/Tokyo)")]
)
async def test_times_are_those_of_the_zone_of_whoever_answers(clock: DrivenClock, who: str, zone: str) -> None:
    people = {"ann": Person(zone="America/New_York"), "bob": Person(), "cyd": Person(zone="UTC", tenant="acme")}
    async with desk(clock, people=people, links=LinkSettings(zone="Asia/Tokyo")) as opened:
        page = await opened(approves, "Dear Bob", who=who, within=3600)
        await page.app.inbox.comment(page.question.id, "Well.", by="zoe")
        await clock.advance(600)
        shown = (await page.look()).text
        times = re.findall(r"<time[^>]*>([^<]*)</time>", shown)
        until, *said, begun, ends = times
        assert [each[-len(zone) :] for each in (until, begun, ends)] == [zone] * 3
        assert set(said) == {"10 minutes ago"}
        assert f'title="{begun}">10 minutes ago' in shown  # it was said as the run began
        assert "ends in 50 minutes, on" in shown
        assert all(each.endswith("+00:00") for each in re.findall(r'datetime="([^"]*)"', shown))


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="zone is 'Europe/Nowhere'; expected a time zone"):
        LinkSettings(zone="Europe/Nowhere")


async def test_whoever_had_a_question_that_was_given_to_another_may_still_answer(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything)
        assert "given to" not in (await page.look()).text
        await page.app.inbox.reassign(page.question.id, "zoë", by="bob", why="she knows")
        shown = (await page.look()).text
        assert "given to <b>zoë</b>; you may answer too, as <b>ann</b>" in shown
        assert "<b>bob</b> gave it to <b>zoë</b>" in shown
        zoes = await page.app.inbox.link(page.question.id, for_="Zoë")
        assert "given to <b>" not in (await page.client.get(zoes)).text
        assert (await page.client.post(zoes, data={"way": "answer", "answer": "1"})).status_code == 303
        late = await page.send(way="answer", answer="2")
        assert late.status_code == 409
        assert "What you sent now was not taken: it came too late." in late.text
        assert "This question is answered: by Zoë." in late.text
        assert "this link is for <b>ann</b>" in late.text
        twice = await page.client.post(zoes, data={"way": "answer", "answer": "2"})
        assert "What you sent now was not taken: you have answered before." in twice.text


async def test_a_question_that_is_gone_says_so_and_so_does_one_whose_link_ended_as_it_was_answered(
    clock: DrivenClock,
) -> None:
    async with desk(clock) as opened:
        page = await opened(anything, within=60)
        other = await opened(anything)
        await clock.advance(61)
        late = await page.send(way="answer", answer="1")
        assert late.status_code == 410
        assert "What you sent now was not taken. Its time is over. Ask whoever sent it for a new one" in late.text
        await other.handle.cancel()
        await clock.settle()
        assert "The run that asked was cancelled: nobody needs to answer" in (await other.look()).text
        await clock.advance(100)
        await other.app.operations.prune(10, why="old")
        for answer, lost in ((await other.look(), ""), (await other.send(way="answer"), "What you sent now was not")):
            assert (answer.status_code, "This question is gone" in answer.text) == (410, True)
            assert lost in answer.text


async def test_too_much_is_refused(clock: DrivenClock) -> None:
    async with desk(clock) as opened:
        page = await opened(anything)
        assert (await page.send(way="answer", answer="9" * 1_100_000)).status_code == 413
        assert (await page.client.post(page.url, content=b"a=1&" * 3_000)).status_code == 413
