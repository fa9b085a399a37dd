"""A tool that raises to wait has done its part: that is recorded, and it is not run again to find it out."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ApprovalRequired, CallDeferred, RunContext
from pydantic_ai.capabilities import HandleDeferredToolCalls, RequestInput
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, ToolApproved

from podium import App
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import RunFailed
from podium.model.json import Json
from podium.model.question import Question
from podium.model.retry import Retry
from podium.model.steps import Effects
from podium.testing import ScriptedModel, Use
from tests.unit.agents.test_llm_approvals import Desk, Office, model

USES = 3
YES: Json = {"approved": True}


class Log:
    """What tools did, counted in a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "effects"

    def saw(self, what: str, n: int) -> None:
        """Write down an effect."""
        with self._file.open("a") as file:
            file.write(f"{what} {n}\n")

    def counts(self) -> Counter[str]:
        """Return how often each happened."""
        return Counter(self._file.read_text().splitlines()) if self._file.exists() else Counter()


def call_deferred(log: Log, agent: PydanticAgent[Any, Any]) -> None:
    @agent.tool_plain
    async def pay(n: int) -> str:
        log.saw("begun", n)
        raise CallDeferred(metadata={"job": n})


def call_deferred_in_a_thread(log: Log, agent: PydanticAgent[Any, Any]) -> None:
    @agent.tool_plain
    def pay(n: int) -> str:
        log.saw("begun", n)
        raise CallDeferred(metadata={"job": n})


def approval_required(log: Log, agent: PydanticAgent[Any, Any]) -> None:
    @agent.tool
    async def pay(ctx: RunContext[Any], n: int) -> str:
        log.saw("approved" if ctx.tool_call_approved else "begun", n)
        if not ctx.tool_call_approved:
            raise ApprovalRequired(metadata={"job": n})
        return f"paid {n}"


def approved_and_deferred(log: Log, agent: PydanticAgent[Any, Any]) -> None:
    @agent.tool
    async def pay(ctx: RunContext[Any], n: int) -> str:
        log.saw("approved" if ctx.tool_call_approved else "begun", n)
        if not ctx.tool_call_approved:
            raise ApprovalRequired(metadata={"job": n})
        raise CallDeferred(metadata={"job": n})


Way = Callable[[Log, PydanticAgent[Any, Any]], None]

WAYS: dict[Way, int] = {call_deferred: 1, call_deferred_in_a_thread: 1, approval_required: 1, approved_and_deferred: 2}
"""How often people are asked about one use."""


def bot_of(way: Way, log: Log, office: Office, *, capabilities: Any = (), **options: Any) -> Any:
    agent = PydanticAgent(model(office, USES), name="bot", capabilities=list(capabilities))
    way(log, agent)
    return from_pydantic_ai(agent, **options)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(tmp_path: Path, office: Office) -> Desk:
    return Desk(tmp_path, office)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def expected(way: Way) -> Counter[str]:
    begun = Counter(f"begun {n}" for n in range(USES))
    return begun + Counter(f"approved {n}" for n in range(USES) if "approv" in way.__name__)


def answer(question: Question) -> Json:
    return YES if question.ask.kind == "permission" else f"paid {question.ask.subject['arguments']['n']}"


async def first(desk: Desk, app: App) -> Question:
    """Return the first open question, once there is one."""
    async with asyncio.timeout(60):
        while not (found := (await app.inbox.list()).items):
            await desk.clock.settle()
    return found[0]


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_it_is_begun_once_however_often_its_run_wakes(
    office: Office, desk: Desk, log: Log, way: Way, effects: Effects
) -> None:
    bot = bot_of(way, log, office, tool_effects={"pay": effects})
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
        await desk.opened(app, USES)
        assert log.counts() == Counter(f"begun {n}" for n in range(USES))
        assert {each.ask.subject["metadata"]["job"] for each in await app.inbox.list()} == set(range(USES))
    for _ in range(USES * WAYS[way]):
        async with desk.app(bot) as app:
            question = await first(desk, app)
            await app.inbox.answer(question.id, answer(question), by="b")
            await desk.clock.settle()
    async with desk.app(bot) as app:
        assert await (await app.handle(run)).result() == "done"
        asked = await app.inbox.list(state=None)
        assert len(asked) == USES * WAYS[way]
        assert not any(each.ask.kind == "in_doubt" for each in asked)
        assert await app.reports.verify(run) == []
    assert log.counts() == expected(way)
    assert [part.content for part in office.told] == [f"paid {n}" for n in range(USES)]


@pytest.mark.parametrize("way", [call_deferred, approval_required], ids=lambda way: way.__name__)
async def test_a_wake_for_another_use_records_nothing_of_one_that_waits(
    office: Office, desk: Desk, log: Log, way: Way
) -> None:
    bot = bot_of(way, log, office, tool_effects={"pay": "once"})
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        open_ones = await desk.opened(app, USES)
        await desk.clock.settle()
        before = len(await app.runs.facts(handle.id))
        asked = {each.id: each for each in await app.inbox.list()}
        await app.inbox.answer(open_ones[0], answer(asked[open_ones[0]]), by="b")
        await desk.clock.settle()
        added = (await app.runs.facts(handle.id))[before:]
    assert {fact.key.rpartition("/")[2] for fact in added if "/" in fact.key} == {"c0"}


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_another_attempt_is_handed_what_was_begun(office: Office, desk: Desk, log: Log, effects: Effects) -> None:
    fails = [True]

    agent = PydanticAgent(model(office, 1), name="bot")
    call_deferred(log, agent)

    @agent.output_validator
    async def check(value: str) -> str:
        if fails.pop() if fails else False:
            raise ValueError("broken")
        return value

    bot = from_pydantic_ai(agent, tool_effects={"pay": effects}, retry=Retry(attempts=2, delay=1.0, jitter=0.0))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await app.inbox.answer((await desk.opened(app, 1))[0], "paid", by="b")
        await desk.clock.advance(5)
        assert await handle.result() == "done"
    assert log.counts() == {"begun 0": 1}


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_an_attempt_that_fails_while_it_waits_leaves_what_was_begun(
    office: Office, desk: Desk, log: Log, effects: Effects
) -> None:
    fails = [True]
    agent = PydanticAgent(model(office, 2), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        log.saw("begun", n)
        if n == 0:
            raise CallDeferred
        await asyncio.sleep(0)
        if fails.pop() if fails else False:
            raise ValueError("broken")
        return f"paid {n}"

    bot = from_pydantic_ai(agent, tool_effects={"pay": effects}, retry=Retry(attempts=2, delay=1.0, jitter=0.0))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await desk.clock.settle()
        await desk.clock.advance(5)
        async with asyncio.timeout(60):
            while asked := (await app.inbox.list()).items:
                said: Json = {"not_done": True} if asked[0].ask.kind == "in_doubt" else "paid 0"
                await app.inbox.answer(asked[0].id, said, by="b")
                await desk.clock.advance(5)
            assert await handle.result() == "done"
    assert log.counts()["begun 0"] == 1
    assert [part.content for part in office.told] == ["paid 0", "paid 1"]


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("handler", ["HandleDeferredToolCalls", "RequestInput"])
async def test_handlers_of_the_agent_itself_take_up_what_was_begun(
    office: Office, desk: Desk, log: Log, handler: str, effects: Effects
) -> None:
    def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
        log.saw("handled", 0)
        [call] = requests.approvals or requests.calls
        if requests.approvals:
            return requests.build_results(approvals={call.tool_call_id: ToolApproved()})
        return requests.build_results(calls={call.tool_call_id: f"paid {call.args_as_dict()['n']}"})

    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> None:
        log.saw("told", 0)

    capability = RequestInput(ask) if handler == "RequestInput" else HandleDeferredToolCalls(handle)
    bot = bot_of(approved_and_deferred, log, office, capabilities=[capability], tool_effects={"pay": effects})
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
    for _ in range(2 * USES if handler == "RequestInput" else 0):
        async with desk.app(bot) as app:
            question = await first(desk, app)
            said: Json = YES if question.ask.kind == "approval" else f"paid {question.ask.subject['arguments']['n']}"
            await app.inbox.answer(question.id, said, by="b")
            await desk.clock.settle()
    async with desk.app(bot) as app:
        assert await (await app.handle(run)).result() == "done"
        assert not any(each.ask.kind == "in_doubt" for each in await app.inbox.list(state=None))
    assert log.counts() == expected(approved_and_deferred) + Counter(
        {"told 0" if handler == "RequestInput" else "handled 0": 2 * USES}
    )
    assert [part.content for part in office.told] == [f"paid {n}" for n in range(USES)]


async def test_a_kill_between_the_beginning_and_its_record_is_in_doubt(office: Office, desk: Desk, log: Log) -> None:
    stuck = asyncio.Event()
    agent = PydanticAgent(model(office, 1), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        log.saw("begun", n)
        await stuck.wait()
        raise CallDeferred

    bot = from_pydantic_ai(agent, tool_effects={"pay": "once"})
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
        async with asyncio.timeout(60):
            while not log.counts():
                await desk.clock.settle()
    stuck.set()
    async with desk.app(bot) as app:
        question = await first(desk, app)
        assert question.ask.kind == "in_doubt"
        assert "Did tool/pay happen" in question.ask.text
        await app.inbox.answer(question.id, {"not_done": True}, by="b")
        await app.inbox.answer((await first(desk, app)).id, "paid 0", by="b")
        assert await (await app.handle(run)).result() == "done"
    assert log.counts() == {"begun 0": 2}


WRAPPED = ["policy", "requires approval"]


@pytest.mark.parametrize("asks", WRAPPED)
async def test_a_tool_that_happens_once_does_not_wait_for_people_inside(
    office: Office, desk: Desk, log: Log, asks: str
) -> None:
    inner = PydanticAgent(model(office, USES), name="inner")
    outer = PydanticAgent(model(office, 1, tool="work"), name="bot")
    if asks == "policy":
        office.policy = (
            'permit(principal, action, resource);\n@id("pay") @ask("operators")\n'
            'forbid(principal, action == Action::"tool", resource == Tool::"inner/pay");\n'
        )

    @inner.tool_plain(requires_approval=asks != "policy")
    async def pay(n: int) -> str:
        log.saw("paid", n)
        return f"paid {n}"

    @outer.tool_plain
    async def work(n: int) -> str:
        log.saw("begun", n)
        return (await inner.run("go")).output

    async with desk.app(from_pydantic_ai(outer, tool_effects={"work": "once"})) as app:
        run = (await app.start("flow")).id
        question = await first(desk, app)
        assert question.ask.kind == "in_doubt"
        assert "tool/inner/pay would wait for people" in question.ask.text
        assert "inside tool/work, which is declared `once`" in question.ask.text
        assert len(await app.inbox.list(state=None)) == 1
    async with desk.app(from_pydantic_ai(outer, tool_effects={"inner/pay": "once"})) as app:
        await app.inbox.answer(question.id, {"not_done": True}, by="b")
        for _ in range(USES):
            await app.inbox.answer((await first(desk, app)).id, YES, by="b")
        assert await (await app.handle(run)).result() == "done"
        assert sum(each.ask.kind == "in_doubt" for each in await app.inbox.list(state=None)) == 1
    assert {what: n for what, n in log.counts().items() if "paid" in what} == {f"paid {n}": 1 for n in range(USES)}


async def test_a_person_who_is_waited_for_uses_up_no_time_limit_of_a_tool(office: Office, desk: Desk, log: Log) -> None:
    inner = PydanticAgent(model(office, 1), name="inner")
    outer = PydanticAgent(ScriptedModel([[Use("work", {}, id="w"), Use("slow", {}, id="s")], "done"]), name="bot")
    slow_ends = asyncio.Event()

    @inner.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        log.saw("paid", n)
        return f"paid {n}"

    @outer.tool_plain(timeout=1.0)
    async def work() -> str:
        log.saw("begun", 0)
        return (await inner.run("go")).output

    @outer.tool_plain
    async def slow() -> str:
        await slow_ends.wait()
        return "slow"

    async with desk.app(from_pydantic_ai(outer)) as app:
        handle = await app.start("flow")
        question = await first(desk, app)
        await asyncio.sleep(1.1)  # the time limit of Pydantic AI is kept by the clock of the machine
        slow_ends.set()
        await app.inbox.answer(question.id, YES, by="b")
        async with asyncio.timeout(60):
            assert await handle.result() == "done"
        assert [str(each.state) for each in await app.inbox.list(state=None)] == ["answered"]
    assert log.counts() == {"begun 0": 2, "paid 0": 1}


async def test_a_tool_that_asks_for_approval_though_it_has_it_is_told_so(office: Office, desk: Desk, log: Log) -> None:
    agent = PydanticAgent(model(office, 1), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        log.saw("begun", n)
        raise ApprovalRequired

    async with desk.app(from_pydantic_ai(agent)) as app:
        handle = await app.start("flow")
        question = await first(desk, app)
        await app.inbox.answer(question.id, YES, by="b")
        with pytest.raises(RunFailed, match="pay raised ApprovalRequired for a use that is approved"):
            await handle.result()
        assert len(await app.inbox.list(state=None)) == 1
        assert log.counts() == {"begun 0": 2}
