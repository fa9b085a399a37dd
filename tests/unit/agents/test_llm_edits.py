"""Whoever has a tool used with other arguments: rules judge these, and the model is told of what an answer put in."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator
from pydantic_ai import Agent, CallDeferred, DeferredToolRequests, ModelRetry, RunContext, Tool
from pydantic_ai.capabilities import AbstractCapability, HandleDeferredToolCalls
from pydantic_ai.tools import DeferredToolResults, ToolDefinition
from pydantic_ai.toolsets import ExternalToolset, FunctionToolset

from podium import App
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import RunFailed
from podium.guards import guard
from podium.model.json import Json
from podium.model.question import Question
from tests.unit.agents.edit_ways import EDIT_WAYS, Edits, by_check, declared, raised
from tests.unit.agents.test_llm_approvals import SCHEMA, Desk, Office, model

LARGE = """permit(principal, action, resource);
@reason("too large") forbid(principal, action == Action::"tool", resource)
when { context.input.n > 100 && context.input.n < 1000 };
"""
EDITS: Edits = {"c0": {"n": 70}, "c1": {"n": 700}, "c2": {"n": 7000}}
"""What all allow, what the policy forbids, and what the guard objects to."""
QUICK = {
    "a policy", "a person, args_validator", "a handler, ApprovalRequired", "RequestInput, args_validator",
    "a hook, before_tool_execute",
}  # fmt: skip
"""One way for each mechanism, of those that are tried in the long tests."""
WAYS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.system) for name in EDIT_WAYS]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(tmp_path: Path, office: Office) -> Desk:
    return Desk(tmp_path, office)


def payer(office: Office) -> Any:
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return pay


def huge(value: Json) -> str | None:
    return "more than it may" if value["arguments"]["n"] > 1000 else None


async def asked(desk: Desk, app: App, count: int = 1) -> list[Question]:
    """Return the open questions, once there are so many and nothing to do but answer them."""
    async with asyncio.timeout(60):
        while len(found := (await app.inbox.list()).items) != count:
            await desk.clock.settle()
    return sorted(found, key=lambda each: each.ask.subject["arguments"]["n"])


async def go_through(desk: Desk, bot: Any, *answers: Json) -> list[Question]:
    """Have a run come to its end, in other processes than the one in which people are asked; returns what they were."""
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
        questions = await asked(desk, app, len(answers))
        if not answers:
            assert await (await app.handle(run)).result() == "done"
            return []
    async with desk.app(bot) as app:
        for question, answer in zip(questions, answers, strict=True):
            await app.inbox.answer(question.id, answer, by="ada")
        async with asyncio.timeout(60):
            assert await (await app.handle(run)).result() == "done"
    return questions


@pytest.mark.parametrize("name", WAYS)
async def test_rules_judge_what_a_tool_is_really_used_with(office: Office, desk: Desk, name: str) -> None:
    way = EDIT_WAYS[name]
    office.policy = LARGE + way.policy
    agent = way.build(model(office, len(EDITS)), payer(office), EDITS)
    bot = from_pydantic_ai(agent, guards=(guard(huge, on=["tool_input"], name="limit"),))
    await go_through(desk, bot, *([] if way.answer is None else [way.answer(use, EDITS[use]) for use in EDITS]))
    assert office.paid == [70]
    assert [part.outcome for part in office.told] == ["success", "denied", "denied"]
    assert office.told[0].content == "paid 70"
    assert "too large" in str(office.told[1].content)
    assert "more than it may" in str(office.told[2].content)
    assert office.notes == (['pay was not used as asked, but with {"n":70}.'] if way.told else [])


def even(value: int) -> int:
    if value % 2:
        raise ValueError("only even amounts are paid")
    return value


Even = Annotated[int, AfterValidator(even)]
MISFITS = ["a policy", "a person, requires_approval", "a person, args_validator", "a handler, requires_approval"]


@pytest.mark.parametrize("name", [MISFITS[0], *(pytest.param(each, marks=pytest.mark.system) for each in MISFITS[1:])])
async def test_an_edit_that_the_tool_itself_does_not_take_is_told_and_the_agent_goes_on(
    office: Office, desk: Desk, name: str
) -> None:
    way, edits = EDIT_WAYS[name], {"c0": {"n": 7}}
    office.policy = LARGE + way.policy

    async def pay(n: Even) -> str:
        office.paid.append(n)
        return f"paid {n}"

    bot = from_pydantic_ai(way.build(model(office, 1), pay, edits))
    await go_through(desk, bot, *([] if way.answer is None else [way.answer("c0", edits["c0"])]))
    assert office.paid == []
    [told] = office.told
    assert told.outcome == "denied"
    assert told.content == (
        'pay was not used: {"n":7} was put in place of your arguments, and pay does not take that: n: Value error, '
        "only even amounts are paid."
    )


@pytest.mark.parametrize("forbidden", [False, True])
async def test_an_edit_passes_the_check_of_the_tool_itself(office: Office, desk: Desk, *, forbidden: bool) -> None:
    checked: list[tuple[int, bool]] = []

    async def check(ctx: RunContext[Any], n: int) -> None:
        checked.append((n, ctx.tool_call_approved))
        if n > 10:
            raise ModelRetry("at most 10")

    tools = FunctionToolset([Tool(payer(office), name="pay", requires_approval=True, args_validator=check)], id="bank")
    office.policy = LARGE
    bot = from_pydantic_ai(Agent(model(office, 1), name="bot", toolsets=[tools]))
    await go_through(desk, bot, {"approved": True, "value": {"n": 700 if forbidden else 70}})
    assert office.paid == []
    assert checked == ([(0, False)] if forbidden else [(0, False), (70, True)])
    [told] = office.told
    assert told.outcome == ("denied" if forbidden else "retried")
    assert ("too large" if forbidden else "at most 10") in str(told.content)


NONE_OF_NOTHING = LARGE.replace("n > 100 && context.input.n < 1000", "n == 0")


def checking(office: Office, uses: int, checked: list[int], **options: Any) -> Any:
    async def check(ctx: RunContext[Any], n: int) -> None:
        checked.append(n)

    tools = FunctionToolset([Tool(payer(office), name="pay", requires_approval=True, args_validator=check)], id="bank")
    return from_pydantic_ai(Agent(model(office, uses), name="bot", toolsets=[tools]), **options)


async def test_a_use_whose_check_a_policy_forbids_is_denied_and_the_agent_goes_on(office: Office, desk: Desk) -> None:
    checked: list[int] = []
    office.policy = NONE_OF_NOTHING
    await go_through(desk, checking(office, 2, checked), {"approved": True})
    assert office.paid == checked == [1]
    assert [part.outcome for part in office.told] == ["denied", "success"]
    assert "too large" in str(office.told[0].content)


async def test_a_use_whose_check_was_forbidden_is_not_made_by_a_process_with_another_policy(
    office: Office, desk: Desk
) -> None:
    checked: list[int] = []
    reached, holding = asyncio.Event(), [True]

    class Holds(AbstractCapability[Any]):
        async def before_tool_execute(self, ctx: RunContext[Any], **given: Any) -> Any:
            reached.set()
            if holding:
                await asyncio.Event().wait()
            return given["args"]

    async def check(ctx: RunContext[Any], n: int) -> None:
        checked.append(n)

    tools = FunctionToolset([Tool(payer(office), name="pay", args_validator=check)], id="bank")
    bot = from_pydantic_ai(Agent(model(office, 1), name="bot", toolsets=[tools], capabilities=[Holds()]))
    office.policy = NONE_OF_NOTHING
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
        async with asyncio.timeout(60):
            await reached.wait()
    holding.clear()
    office.policy = "permit(principal, action, resource);"
    async with desk.app(bot) as app, asyncio.timeout(60):
        assert await (await app.handle(run)).result() == "done"
    assert office.paid == checked == []
    assert office.told[0].outcome == "denied"


async def test_where_it_is_so_configured_a_check_that_a_policy_forbids_ends_the_agent(
    office: Office, desk: Desk
) -> None:
    checked: list[int] = []
    office.policy = NONE_OF_NOTHING
    async with desk.app(checking(office, 1, checked, on_refused="end")) as app:
        with pytest.raises(RunFailed, match="too large"):
            await app.run("flow")
    assert office.paid == checked == []


OUTSIDE = """permit(principal, action, resource);
@id("pay") @ask("operators") forbid(principal, action == Action::"tool", resource);
"""


def external(office: Office) -> Any:
    tool = ToolDefinition(name="pay", parameters_json_schema=SCHEMA)
    return Agent(model(office, 1), name="bot", toolsets=[ExternalToolset([tool])])


def deferred(office: Office) -> Any:
    async def pay(n: int) -> str:
        office.paid.append(n)
        raise CallDeferred

    return Agent(model(office, 1), name="bot", tools=[pay])


def deferred_by_a_check(office: Office) -> Any:
    async def check(ctx: RunContext[Any], n: int) -> None:
        raise CallDeferred

    return Agent(model(office, 1), name="bot", tools=[Tool(payer(office), name="pay", args_validator=check)])


def deferred_by_a_hook(office: Office) -> Any:
    class Defers(AbstractCapability[Any]):
        async def before_tool_execute(self, ctx: RunContext[Any], **given: Any) -> Any:
            raise CallDeferred

    return Agent(model(office, 1), name="bot", tools=[Tool(payer(office), name="pay")], capabilities=[Defers()])


FROM_OUTSIDE = [external, deferred, deferred_by_a_check, deferred_by_a_hook]


@pytest.mark.parametrize("build", FROM_OUTSIDE)
async def test_a_policy_forbids_what_would_come_from_outside(office: Office, desk: Desk, build: Any) -> None:
    office.policy = NONE_OF_NOTHING
    await go_through(desk, from_pydantic_ai(build(office)))
    [told] = office.told
    assert told.outcome in {"denied", "failed"}
    assert "too large" in str(told.content)


@pytest.mark.parametrize("build", FROM_OUTSIDE)
async def test_whoever_gives_a_result_is_shown_the_edit_and_the_model_is_told(
    office: Office, desk: Desk, build: Any
) -> None:
    office.policy, bot = OUTSIDE, from_pydantic_ai(build(office))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        [question] = await asked(desk, app)
        await app.inbox.answer(question.id, {"approved": True, "value": {"n": 70}}, by="ada")
    async with desk.app(bot) as app:
        [question] = await asked(desk, app)
        assert question.ask.subject == {"tool": "pay", "arguments": {"n": 70}}
        await app.inbox.answer(question.id, "paid outside", by="ben")
        assert await (await app.handle(handle.id)).result() == "done"
    assert set(office.paid) <= {70}
    assert [part.content for part in office.told] == ["paid outside"]
    assert office.notes == ['pay was not used as asked, but with {"n":70}.']


LADDER = """permit(principal, action, resource);
@id("small") @ask("clerks") forbid(principal, action == Action::"tool", resource)
when { context.input.n > 10 };
"""


@pytest.mark.parametrize("edit", [None, {"n": 60}])
@pytest.mark.parametrize("name", ["a handler, requires_approval", "a handler, ApprovalRequired"])
async def test_people_are_asked_about_what_a_handler_put_in_and_have_the_last_word(
    office: Office, desk: Desk, name: str, edit: Json
) -> None:
    office.policy = LADDER
    bot = from_pydantic_ai(EDIT_WAYS[name].build(model(office, 1), payer(office), EDITS))
    yes: Json = {"approved": True}
    [question] = await go_through(desk, bot, yes if edit is None else {**yes, "value": edit})
    assert (question.ask.to, question.ask.subject["arguments"]) == ("clerks", {"n": 70})
    assert office.paid == [70 if edit is None else 60]
    assert office.notes == [f'pay was not used as asked, but with {{"n":{office.paid[0]}}}.']


@pytest.mark.parametrize("name", ["a handler, ApprovalRequired", "a hook, before_tool_execute"])
async def test_an_effect_that_happens_once_is_not_in_doubt_where_other_arguments_are_put_in(
    office: Office, desk: Desk, name: str
) -> None:
    agent = EDIT_WAYS[name].build(model(office, 1), payer(office), EDITS)
    await go_through(desk, from_pydantic_ai(agent, tool_effects={"pay": "once"}))
    assert office.paid == [70]


async def test_a_hook_that_changes_one_argument_leaves_the_others_as_the_model_wrote_them(
    office: Office, desk: Desk
) -> None:
    seen: list[Json] = []

    async def pay(n: int, day: date = date(2026, 1, 2)) -> str:
        office.paid.append(n)
        return f"paid {n}"

    class Limits(AbstractCapability[Any]):
        async def before_tool_execute(self, ctx: RunContext[Any], **given: Any) -> Any:
            return {**given["args"], "day": date(2026, 3, 4)} if given["args"]["n"] else given["args"]

    look = guard(lambda value: seen.append(value["arguments"]), on=["tool_input"], name="look")
    agent = Agent(model(office, 2), name="bot", tools=[pay], capabilities=[Limits()])
    await go_through(desk, from_pydantic_ai(agent, guards=(look,)))
    assert sorted(office.paid) == [0, 1]
    assert sorted(seen, key=lambda each: each["n"]) == [{"n": 0}, {"n": 1, "day": "2026-03-04"}]


@pytest.mark.parametrize("settles", [False, True])
async def test_a_guard_asks_again_about_what_was_put_in_after_a_yes_to_it(
    office: Office, desk: Desk, *, settles: bool
) -> None:
    odd = guard(lambda value: "looks odd", on=["tool_input"], ask="security", name="odd")
    bot = from_pydantic_ai(declared(model(office, 1), payer(office), EDITS), approvals="boss", guards=(odd,))
    shown: list[tuple[str, int]] = []
    async with desk.app(bot) as app:
        run = (await app.start("flow")).id
        await asked(desk, app)
    for answer in ({"approved": True}, {"approved": True, "value": {"n": 70}}, {"approved": True}):
        async with desk.app(bot) as app:
            [question] = await asked(desk, app)
            shown.append((question.ask.to, question.ask.subject["arguments"]["n"]))
            await app.inbox.answer(question.id, answer, by="ada")
            if settles:
                await desk.clock.settle()
    async with desk.app(bot) as app, asyncio.timeout(60):
        assert await (await app.handle(run)).result() == "done"
    assert shown == [("security", 0), ("boss", 0), ("security", 70)]
    assert office.paid == [70]


@pytest.mark.parametrize("build", [declared, raised, by_check])
async def test_a_handler_that_decides_about_other_uses_only_leaves_this_one_to_people(
    office: Office, desk: Desk, build: Any
) -> None:
    def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
        return DeferredToolResults(approvals={"another": True})

    agent = build(model(office, 1), payer(office), EDITS, HandleDeferredToolCalls(handle))
    await go_through(desk, from_pydantic_ai(agent), {"approved": True})
    assert office.paid == [0]
