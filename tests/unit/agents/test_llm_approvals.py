"""Every way in which a tool may wait for people is one: a question in the inbox for each use, all at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ApprovalRequired, CallDeferred, DeferredToolRequests, ModelRetry, RunContext
from pydantic_ai.capabilities import HandleDeferredToolCalls, RequestInput
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.tools import DeferredToolResults, ToolApproved, ToolDefinition, ToolDenied
from pydantic_ai.toolsets import ExternalToolset, FunctionToolset

from podium import App, Context, RunState, workflow
from podium.agents.frameworks.approvals import Approvals
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import InvalidValue, RunFailed, UsageError
from podium.guards import guard
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.retry import Retry
from podium.testing import DrivenClock

SCHEMA: Json = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@dataclass(slots=True)
class Office:
    """What happened, counted outside of the store."""

    paid: list[int] = field(default_factory=list[int])
    told: list[ToolReturnPart] = field(default_factory=list[ToolReturnPart])
    notes: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    policy: str = ""


def model(office: Office, uses: int, *, tool: str = "pay") -> FunctionModel:
    """Return a model that uses a tool several times at once, and ends with what it was told."""

    async def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        told = [part for part in parts if isinstance(part, ToolReturnPart)]
        if not told:
            return ModelResponse(parts=[ToolCallPart(tool, {"n": n}, f"c{n}") for n in range(uses)])
        office.told[:] = told
        office.notes[:] = [str(part.content) for part in parts[1:] if isinstance(part, UserPromptPart)]
        return ModelResponse(parts=[TextPart("done")])

    return FunctionModel(answer)


def policy_ask(office: Office, uses: int, **options: Any) -> Any:
    office.policy = (
        'permit(principal, action, resource);\n@id("pay") @ask("operators")\n'
        'forbid(principal, action == Action::"tool", resource in Agent::"bot");\n'
    )
    agent = PydanticAgent(model(office, uses), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


def requires_approval(office: Office, uses: int, **options: Any) -> Any:
    agent = PydanticAgent(model(office, uses), name="bot", output_type=[str, DeferredToolRequests])

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


def approval_required(office: Office, uses: int, **options: Any) -> Any:
    agent = PydanticAgent(model(office, uses), name="bot")

    @agent.tool
    async def pay(ctx: RunContext[Any], n: int) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired(metadata={"why": "money"})
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


def approval_toolset(office: Office, uses: int, **options: Any) -> Any:
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    agent = PydanticAgent(model(office, uses), name="bot", toolsets=[FunctionToolset([pay]).approval_required()])
    return from_pydantic_ai(agent, **options)


def checked_arguments(office: Office, uses: int, **options: Any) -> Any:
    async def allowed(ctx: RunContext[Any], n: int) -> None:
        if not ctx.tool_call_approved:
            raise ApprovalRequired

    agent = PydanticAgent(model(office, uses), name="bot")

    @agent.tool_plain(args_validator=allowed)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


def request_input(office: Office, uses: int, **options: Any) -> Any:
    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> None:
        office.asked.append(token)

    agent = PydanticAgent(model(office, uses), name="bot", capabilities=[RequestInput(ask)])

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


WAYS: dict[str, Callable[..., Any]] = {
    "policy": policy_ask, "requires_approval": requires_approval, "ApprovalRequired": approval_required,
    "approval toolset": approval_toolset, "args_validator": checked_arguments, "RequestInput": request_input,
}  # fmt: skip


def flow_of(bot: Any) -> Any:
    @workflow(name="flow")
    async def flow(ctx: Context) -> str:
        return await ctx.call(bot, "go")

    return flow


class Desk:
    """A store, and apps on it one after the other."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.folder, self.office, self.clock = folder, office, DrivenClock()

    def app(self, bot: Any) -> Any:
        settings: dict[str, Any] = {}
        if self.office.policy:
            (self.folder / "policy.cedar").write_text(self.office.policy)
            settings["policy"] = {"file": str(self.folder / "policy.cedar")}
        return App.open(self.folder / "x.db", agents=[flow_of(bot), bot], clock=self.clock, grace=0.0, **settings)

    async def opened(self, app: App, count: int) -> dict[int, str]:
        """Return the ids of the open questions, by what they are about, once there are so many."""
        async with asyncio.timeout(120):
            while len(found := await questions(app)) != count:
                await self.clock.settle()
        return found


async def questions(app: App) -> dict[int, str]:
    return {each.ask.subject["arguments"]["n"]: each.id for each in await app.inbox.list()}


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(tmp_path: Path, office: Office) -> Desk:
    return Desk(tmp_path, office)


@pytest.mark.parametrize("way", WAYS)
async def test_all_uses_of_one_response_are_asked_about_at_once_with_few_notices(
    office: Office, desk: Desk, way: str
) -> None:
    bot = WAYS[way](office, 6)
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        assert sorted(await desk.opened(app, 6)) == list(range(6))
        open_ones = await app.inbox.list()
        assert {each.ask.to for each in open_ones} == {"operators"}
        assert all("pay" in each.ask.text for each in open_ones)
        async with asyncio.timeout(120):
            while (await handle.status()).state is not RunState.PARKED:
                await desk.clock.settle()
        for n, question in (await questions(app)).items():
            await app.inbox.answer(question, {"approved": True}, by="b")
            async with asyncio.timeout(120):
                while way != "args_validator" and n not in office.paid:
                    await desk.clock.settle()
        assert await handle.result() == "done"
        notices = [fact for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
        assert len(await app.inbox.list(state=None)) == 6
    assert sorted(office.paid) == list(range(6))
    assert [part.content for part in office.told] == [f"paid {n}" for n in range(6)]
    assert len(notices) <= 18
    assert len(office.asked) in {0, 6}


@pytest.mark.parametrize("way", WAYS)
async def test_a_no_with_a_reason_is_told_and_an_edit_is_done(office: Office, desk: Desk, way: str) -> None:
    bot = WAYS[way](office, 3)
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        open_ones = await desk.opened(app, 3)
        with pytest.raises(InvalidValue, match="does not fit"):
            await app.inbox.answer(open_ones[1], {"approved": True, "value": {"n": "many"}}, by="b")
    async with desk.app(bot) as app:
        await app.inbox.answer(open_ones[0], {"approved": False, "comment": "too much"}, by="b")
        await app.inbox.answer(open_ones[1], {"approved": True, "value": {"n": 70}}, by="b")
        await desk.clock.settle()
    async with desk.app(bot) as app:
        await app.inbox.answer(open_ones[2], {"approved": True}, by="b")
        assert await (await app.handle(handle.id)).result() == "done"
    assert sorted(office.paid) == [2, 70]
    assert [part.outcome for part in office.told] == ["denied", "success", "success"]
    assert "too much" in str(office.told[0].content)
    assert office.told[1].content == "paid 70"
    assert len(office.notes) == 1
    assert '{"n":70}' in office.notes[0]


@pytest.mark.parametrize("way", WAYS)
async def test_nobody_in_time_is_a_no_that_is_told(office: Office, desk: Desk, way: str) -> None:
    bot = WAYS[way](office, 2, approvals=Approvals(within="1h"))
    if way == "policy":
        office.policy = office.policy.replace('@ask("operators")', '@ask("operators") @within("1h")')
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await desk.opened(app, 2)
        await desk.clock.settle()
        await desk.clock.advance(3601)
        assert await handle.result() == "done"
    assert office.paid == []
    assert [part.outcome for part in office.told] == ["denied", "denied"]


@pytest.mark.parametrize("way", [each for each in WAYS if each != "RequestInput"])
async def test_where_it_is_so_configured_a_no_ends_the_agent(office: Office, desk: Desk, way: str) -> None:
    bot = WAYS[way](office, 2, on_refused="end")
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await app.inbox.answer((await desk.opened(app, 2))[0], {"approved": False, "comment": "never"}, by="b")
        with pytest.raises(RunFailed, match="never"):
            await handle.result()
    assert office.paid == []


async def test_a_forbid_is_told_and_the_agent_goes_on(office: Office, desk: Desk) -> None:
    bot = policy_ask(office, 1)
    office.policy = office.policy.replace('@ask("operators")', '@reason("not by machines")')
    async with desk.app(bot) as app:
        assert await app.run("flow") == "done"
    assert office.paid == []
    assert office.told[0].outcome == "denied"
    assert "not by machines" in str(office.told[0].content)


async def test_told_refusals_count_as_violations_at_once_and_by_the_facts(office: Office, desk: Desk) -> None:
    """One violation of a policy and one of a guard: 10 failures each, beside one call that was done."""

    async def objects(value: Json) -> str | None:
        return "not two" if value["arguments"]["n"] == 2 else None

    bot = policy_ask(office, 3, guards=[guard(objects, on={"tool_input"})])
    office.policy = (
        office.policy.replace('@ask("operators")', "").rstrip().rstrip(";") + " when { context.input.n == 1 };\n"
        "permit(principal, action, resource) when { resource.trust > 0 };\n"
    )
    async with desk.app(bot) as app:
        assert await app.run("flow") == "done"
        assert [part.outcome for part in office.told] == ["success", "denied", "denied"]
        assert await app.reports.trust("bot") == int((80 * 10 + 100) / (10 + 1 + 20))
    async with desk.app(bot) as app:
        assert await app.reports.trust("bot") == int((80 * 10 + 100) / (10 + 1 + 20))


def external(office: Office, uses: int) -> Any:
    tool = ToolDefinition(name="pay", parameters_json_schema=SCHEMA, return_schema={"type": "string"})
    agent = PydanticAgent(
        model(office, uses), name="bot", toolsets=[ExternalToolset([tool])], output_type=[str, DeferredToolRequests]
    )
    return from_pydantic_ai(agent)


def deferred(office: Office, uses: int) -> Any:
    agent = PydanticAgent(model(office, uses), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        office.asked.append(f"deferred {n}")
        raise CallDeferred(metadata={"job": n})

    return from_pydantic_ai(agent, tool_effects={"pay": "once"})


@pytest.mark.parametrize("made", [external, deferred])
async def test_what_comes_from_outside_is_given_by_answering(office: Office, desk: Desk, made: Any) -> None:
    bot = made(office, 3)
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        open_ones = await desk.opened(app, 3)
        if made is external:
            with pytest.raises(InvalidValue, match="does not fit"):
                await app.inbox.answer(open_ones[1], 5, by="b")
        await app.inbox.answer(open_ones[1], "one", by="b")
        await desk.clock.settle()
    async with desk.app(bot) as app:
        await app.inbox.answer(open_ones[2], "two", by="b")
        await app.inbox.answer(open_ones[0], "none", by="b")
        assert await (await app.handle(handle.id)).result() == "done"
        assert len(await app.inbox.list(state=None)) == 3
    assert [part.content for part in office.told] == ["none", "one", "two"]


async def test_the_handler_of_the_agent_itself_is_asked_first_and_once(office: Office, desk: Desk) -> None:
    def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults | None:
        [call] = requests.approvals
        n = call.args_as_dict()["n"]
        office.asked.append(str(n))
        said = {0: ToolApproved(override_args={"n": 40}), 1: ToolDenied("not today")}.get(n)
        return None if said is None else requests.build_results(approvals={call.tool_call_id: said})

    agent = PydanticAgent(model(office, 3), name="bot", capabilities=[HandleDeferredToolCalls(handle)])

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    bot = from_pydantic_ai(agent)
    async with desk.app(bot) as app:
        handle_ = await app.start("flow")
        assert sorted(await desk.opened(app, 1)) == [2]
        assert office.paid == [40]
    async with desk.app(bot) as app:
        await app.inbox.answer((await questions(app))[2], {"approved": True}, by="b")
        assert await (await app.handle(handle_.id)).result() == "done"
    assert sorted(office.asked) == ["0", "1", "2"]
    assert office.paid == [40, 2]
    assert [part.content for part in office.told] == ["paid 40", "not today", "paid 2"]


async def test_request_input_may_answer_at_once_and_from_elsewhere(office: Office, desk: Desk) -> None:
    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> DeferredToolResults | None:
        [call] = requests.approvals
        office.asked.append(token)
        if call.args_as_dict()["n"] == 0:
            return requests.build_results(approvals={call.tool_call_id: True})
        return None

    agent = PydanticAgent(
        model(office, 2), name="bot", capabilities=[RequestInput(ask, timeout=timedelta(hours=1), name="desk")]
    )

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    bot = from_pydantic_ai(agent)
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        async with asyncio.timeout(120):
            while len(office.asked) < 2 or office.paid != [0]:
                await desk.clock.settle()
        [question] = await app.inbox.list()
        assert question.id in office.asked
        assert question.deadline == desk.clock.now() + 3600
        assert sorted(str(each.state) for each in await app.inbox.list(state=None)) == ["open", "withdrawn"]
        await app.inbox.answer(question.id, {"approvals": {"c1": True}}, by="the bot")
        assert await handle.result() == "done"
    assert office.paid == [0, 1]
    assert len(office.asked) == 2


def raising(office: Office, error: Exception, **options: Any) -> Any:
    agent = PydanticAgent(model(office, 1), name="bot")

    @agent.tool_plain
    async def pay(n: int) -> str:
        office.paid.append(n)
        raise error

    return from_pydantic_ai(agent, **options)


async def test_an_error_of_a_tool_fails_the_call_unless_the_model_is_to_be_told(office: Office, desk: Desk) -> None:
    async with desk.app(raising(office, ConnectionRefusedError("down"))) as app:
        with pytest.raises(RunFailed, match="ConnectionRefusedError"):
            await app.run("flow")


async def test_an_error_of_a_tool_is_told_once_no_attempt_is_left(office: Office, desk: Desk) -> None:
    bot = raising(
        office, ConnectionRefusedError("down"), tool_errors="tell", retry=Retry(attempts=3, delay=1.0, jitter=0.0)
    )
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await desk.clock.advance(10)
        assert await handle.result() == "done"
    assert office.paid == [0, 0, 0]
    assert (office.told[0].outcome, office.told[0].content) == ("failed", "ConnectionRefusedError: down")


async def test_an_effect_in_doubt_is_not_told_as_an_error(office: Office, desk: Desk) -> None:
    bot = raising(office, ConnectionResetError("broken"), tool_errors="tell", tool_effects={"pay": "once"})
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        async with asyncio.timeout(120):
            while not (found := await app.inbox.list()):
                await desk.clock.settle()
        [question] = found
        assert question.ask.kind == "in_doubt"
        await app.inbox.answer(question.id, {"happened": "paid after all"}, by="b")
        assert await handle.result() == "done"
    assert office.told[0].content == "paid after all"


async def test_the_same_use_that_was_denied_is_not_asked_about_again(office: Office, desk: Desk) -> None:
    async def stubborn(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        told = [part for each in messages for part in each.parts if isinstance(part, ToolReturnPart)]
        if len(told) < 3:
            return ModelResponse(parts=[ToolCallPart("pay", {"n": 1}, f"c{len(told)}")])
        office.told[:] = told
        return ModelResponse(parts=[TextPart("done")])

    agent = PydanticAgent(FunctionModel(stubborn), name="bot")

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        return "paid"

    async with desk.app(from_pydantic_ai(agent)) as app:
        handle = await app.start("flow")
        await app.inbox.answer((await desk.opened(app, 1))[1], {"approved": False}, by="b")
        assert await handle.result() == "done"
        assert len(await app.inbox.list(state=None)) == 1
    assert [part.outcome for part in office.told] == ["denied"] * 3


async def test_one_word_of_a_person_does_for_the_policy_and_the_tool(office: Office, desk: Desk) -> None:
    bot = requires_approval(office, 2)
    office.policy = (
        'permit(principal, action, resource);\n@id("pay") @ask("boss")\n'
        'forbid(principal, action == Action::"tool", resource in Agent::"bot");\n'
    )
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        await desk.opened(app, 2)
        assert {each.ask.to for each in await app.inbox.list()} == {"boss"}
        for question in (await questions(app)).values():
            await app.inbox.answer(question, {"approved": True}, by="b")
        assert await handle.result() == "done"
        assert len(await app.inbox.list(state=None)) == 2
    assert sorted(office.paid) == [0, 1]


async def test_a_tool_may_still_ask_its_model_to_try_again(office: Office, desk: Desk) -> None:
    agent = PydanticAgent(model(office, 1), name="bot")

    @agent.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        raise ModelRetry("another n")

    async with desk.app(from_pydantic_ai(agent)) as app:
        handle = await app.start("flow")
        await app.inbox.answer((await desk.opened(app, 1))[0], {"approved": True}, by="b")
        assert await handle.result() == "done"
    assert office.told[0].outcome == "retried"


@pytest.mark.parametrize("tool", ["work", "work_in_a_thread"])
async def test_an_agent_inside_a_tool_asks_as_well(office: Office, desk: Desk, tool: str) -> None:
    inner = PydanticAgent(model(office, 3), name="inner")

    @inner.tool_plain(requires_approval=True)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    outer = PydanticAgent(model(Office(), 1, tool=tool), name="bot")

    @outer.tool_plain
    async def work(n: int) -> str:
        return (await inner.run("go")).output

    @outer.tool_plain
    def work_in_a_thread(n: int) -> str:
        return asyncio.run(inner.run("go")).output

    async with desk.app(from_pydantic_ai(outer)) as app:
        handle = await app.start("flow")
        await desk.opened(app, 3)
        assert {each.ask.text for each in await app.inbox.list()} == {"May inner use pay?"}
        for question in (await questions(app)).values():
            await app.inbox.answer(question, {"approved": True}, by="b")
        assert await handle.result() == "done"
    assert sorted(office.paid) == [0, 1, 2]


@pytest.mark.parametrize(
    ("option", "said"),
    [({"approvals": 5}, "a person or a role"), ({"on_refused": "never"}, "'tell'"), ({"tool_errors": "x"}, "'fail'")],
)
def test_wrong_options_are_told_where_they_are_written(office: Office, option: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        requires_approval(office, 1, **option)
