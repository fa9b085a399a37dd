"""Runs, as both clients start, look at and change them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_type

import pytest

from podium import Budget, Context, Retry, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.api.requests import RequestBody
from podium.api.runs import FactBody, RunBody, RunResultBody
from podium.client import AsyncClient, AsyncPages, Client, Pages
from podium.errors import (
    InvalidValue,
    NotAllowed,
    NotDone,
    NotPossible,
    RunBlocked,
    RunCancelled,
    RunFailed,
    UnknownAgent,
    UnknownRun,
)
from podium.model.run import RunState
from podium.testing.model import ScriptedModel
from tests.unit.client.conftest import Asking, awaiting


@dataclass
class Order:
    what: str
    many: int


@agent
async def draft(topic: str) -> str:
    return f"All about {topic}."


@workflow
async def article(ctx: Context, topic: str) -> str:
    return await ctx.call(draft, topic)


@workflow
async def waits(ctx: Context) -> Any:
    return await ctx.signal("go")


@workflow
async def orders(_: Context, order: Order) -> str:
    return f"{order.many} {order.what}"


FAILS = [True]


@agent(retry=Retry(attempts=1))
async def shaky(n: int) -> int:
    if FAILS[0]:
        raise NotDone("not today")
    return n


@workflow
async def trial(ctx: Context, n: int) -> int:
    return await ctx.call(shaky, n)


async def test_a_run_is_started_waited_for_and_looked_at(asking: Asking) -> None:
    async with asking(article) as ask:
        done = await ask(lambda client: client.runs.start("article", "tea", wait=None, budget=Budget(calls=9)))
        assert (done.state, done.raise_for_state().value) == (RunState.DONE, "All about tea.")
        tree = await ask(lambda client: client.runs.get(done.id))
        key = tree.tree.children[0].key
        assert (await ask(lambda client: client.runs.call(done.id, key))).output == "All about tea."
        facts = await ask(lambda client: client.runs.facts(done.id))
        assert [each.seq for each in facts] == [*range(tree.facts)]
        later = await ask(lambda client: client.runs.facts(done.id, after=1))
        assert later == facts[2:]
        assert (await ask(lambda client: client.runs.verify(done.id))).faults == []
        with pytest.raises(NotPossible, match="has sent nothing to a model"):
            await ask(lambda client: client.runs.messages(done.id, key=key))
        assert (await ask(lambda client: client.runs.redact(done.id, reason="asked"))).redacted == 1


async def test_the_end_is_waited_for_over_several_requests_and_no_longer_than_asked(asking: Asking) -> None:
    async with asking(waits) as ask:
        run = await ask(lambda client: client.runs.start("waits", wait=0.01))
        assert run.state is not RunState.DONE
        with pytest.raises(NotPossible, match=r"goes on \("):
            run.raise_for_state()
        assert not (await ask(lambda client: client.runs.result(run.id, wait=0.01))).state.ended
        ended = asyncio.ensure_future(ask(lambda client: client.runs.result(run.id)))
        sent = await ask(lambda client: client.runs.signal(run.id, "go", [1], id="s1"))
        assert (sent.run, sent.new) == (run.id, True)
        assert (await ended).value == [1]


async def test_an_input_may_be_a_dataclass(asking: Asking) -> None:
    async with asking(orders) as ask:
        done = await ask(lambda client: client.runs.start("orders", Order("teas", 2), wait=None))
        assert done.value == "2 teas"


async def test_the_same_key_or_tag_starts_one_run_and_no_key_starts_another(asking: Asking) -> None:
    async with asking(article) as ask:
        ids = [
            (await ask(lambda client, more=more: client.runs.start("article", "tea", **more))).id
            for more in ({"idempotency_key": "7"}, {"idempotency_key": "7"}, {"tag": "8"}, {"tag": "8"}, {}, {})
        ]
        assert ids[0] == ids[1]
        assert ids[2] == ids[3]
        assert len({*ids}) == 4
        with pytest.raises(NotPossible) as raised:
            await ask(lambda client: client.runs.start("article", "coffee", idempotency_key="7"))
        assert raised.value.status == 409


async def test_a_failed_run_says_so_and_is_retried_forked_and_given_more(asking: Asking) -> None:
    FAILS[0] = True
    async with asking(trial) as ask:
        failed = await ask(lambda client: client.runs.start("trial", 3, wait=None, budget=Budget(calls=5)))
        with pytest.raises(RunFailed, match="not today"):
            failed.raise_for_state()
        FAILS[0] = False
        raised = await ask(lambda client: client.runs.raise_budget(failed.id, calls=2, reason="more"))
        assert raised.state is RunState.FAILED
        await ask(lambda client: client.runs.retry(failed.id))
        assert (await ask(lambda client: client.runs.result(failed.id))).value == 3
        key = (await ask(lambda client: client.runs.get(failed.id))).tree.children[0].key
        same = await ask(lambda client: client.runs.fork(failed.id, key))
        other = await ask(lambda client: client.runs.fork(failed.id, key, input=4))
        assert (await ask(lambda client: client.runs.result(same.id))).value == 3
        assert (await ask(lambda client: client.runs.result(other.id))).value == 4


async def test_a_cancelled_run_says_so(asking: Asking) -> None:
    async with asking(waits) as ask:
        run = await ask(lambda client: client.runs.start("waits"))
        await ask(lambda client: client.runs.cancel(run.id, reason="no need"))
        ended = await ask(lambda client: client.runs.result(run.id))
        with pytest.raises(RunCancelled, match="no need"):
            ended.raise_for_state()
        with pytest.raises(UnknownAgent, match="no version '2'"):
            await ask(lambda client: client.runs.repin(run.id, "2"))


def test_a_blocked_run_says_so() -> None:
    blocked = RunResultBody.model_construct(id="run_1", state=RunState.BLOCKED, error="nobody has it")
    with pytest.raises(RunBlocked, match="run run_1 is blocked: nobody has it"):
        blocked.raise_for_state()


async def test_a_list_is_followed_to_its_end_or_its_limit(asking: Asking) -> None:
    async with asking(article) as ask:
        for n in range(5):
            await ask(lambda client, n=n: client.runs.start("article", "tea", tag=f"t{n}", wait=None))
        everything = await ask(lambda client: client.runs.list())
        assert [each.tag for each in everything] == ["t4", "t3", "t2", "t1", "t0"]
        three = await ask(lambda client: client.runs.list(limit=3))
        assert [each.tag for each in three] == ["t4", "t3", "t2"]
        page = await ask(lambda client: client.runs.list(limit=2, workflow="article").page())
        rest = await ask(lambda client: client.runs.list(cursor=page.cursor, state=RunState.DONE, tag=None))
        assert [each.tag for each in rest] == ["t2", "t1", "t0"]
        assert await ask(lambda client: client.runs.list(since=datetime(2100, 1, 1, tzinfo=UTC))) == []


async def test_errors_are_those_of_the_app_with_the_status(asking: Asking) -> None:
    async with asking(article, who="eve default viewer") as ask:
        with pytest.raises(UnknownRun) as unknown:
            await ask(lambda client: client.runs.get("run_none"))
        with pytest.raises(NotAllowed) as forbidden:
            await ask(lambda client: client.runs.start("article", "tea"))
        assert (unknown.value.status, forbidden.value.status) == (404, 403)
    async with asking(article) as ask:
        with pytest.raises(UnknownAgent):
            await ask(lambda client: client.runs.start("nothing"))
        with pytest.raises(InvalidValue):
            await ask(lambda client: client.runs.start("article", {"no": "text"}))


NOT_SENT: dict[str, Callable[[Any], Any]] = {
    "priority: Input should be less than": lambda client: client.runs.start("article", priority=2**40),
    "1 to 200 ASCII characters, got 'é'": lambda client: client.runs.start("article", idempotency_key="é"),
    "usd: Input should be greater than": lambda client: client.runs.raise_budget("run_1", usd=-1, reason="x"),
    "state: Input should be": lambda client: client.runs.list(state="gone"),
    "limit: expected a whole number from 1 on, got 0": lambda client: client.runs.list(limit=0),
    "stat: Extra inputs are not permitted": lambda client: client.runs.list(stat="done"),
}


@pytest.mark.parametrize("told", NOT_SENT)
async def test_what_no_server_would_take_is_not_sent(asking: Asking, told: str) -> None:
    async with asking() as ask:
        with pytest.raises(InvalidValue, match=told) as raised:
            await ask(NOT_SENT[told])
        assert raised.value.status is None


def typed(client: Client) -> None:
    """Have pyright say what both clients give."""
    assert_type(client.runs.start("article"), RunResultBody)
    assert_type(client.runs.facts("run_1"), list[FactBody])
    assert_type(client.runs.list(state=RunState.DONE), Pages[RunBody])
    assert_type([*client.runs.list()], list[RunBody])


async def typed_too(client: AsyncClient) -> None:
    done = await client.runs.start("article", "tea", wait=None)
    assert_type(done, RunResultBody)
    assert_type(await client.runs.facts(done.id), list[FactBody])
    assert_type(client.runs.list(state=RunState.DONE), AsyncPages[RunBody])
    assert_type([each async for each in client.runs.list()], list[RunBody])


async def test_the_types_of_methods_are_those_that_they_give() -> None:
    async with awaiting(article) as ask:
        assert await ask(typed_too) is None


async def test_what_was_sent_to_a_model_is_typed_and_shaped_as_the_command_line_has_it(asking: Asking) -> None:
    bot = llm_agent("bot", model=ScriptedModel(["Tea is a leaf."]), instructions="Be short.")

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text)

    async with asking(chat, bot) as ask:
        done = await ask(lambda client: client.runs.start("chat", "What is tea?", wait=None))
        (sent,) = await ask(lambda client: client.runs.messages(done.id))
        assert isinstance(sent, RequestBody)
        assert [(each.role, each.kind, each.content) for each in sent.messages] == [("user", "text", "What is tea?")]
        assert sent.answer is not None
        assert [each.content for each in sent.answer] == ["Tea is a leaf."]
        assert (sent.agent, sent.instructions, sent.usage and sent.usage.requests) == ("bot", "Be short.", 1)
