"""What policies see of a use of a tool: its bare arguments; a rule that is written for them wrapped is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic_ai import Tool
from pydantic_ai.tools import ToolDefinition

from podium import Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.dispatch.rules.policy.cedar import CedarRules
from podium.dispatch.rules.policy.members import Members
from podium.errors import ConfigError, RunFailed
from podium.model.json import Json
from podium.model.step import arguments_in
from podium.model.steps import Steps
from podium.testing import ScriptedModel, Use
from tests.unit.dispatch.test_policy_middleware import EVERYTHING, PolicyFile
from tests.unit.engine.bench import Bench

TOOL = 'forbid(principal, action == Action::"tool", resource == Tool::"clerk/refund")'


@pytest.mark.parametrize(
    "when", ["context.input has amount && context.input.amount > 100", "context.input.amount > 100"]
)
@pytest.mark.parametrize(("amount", "paid"), [(99, [99]), (500, [])])
async def test_the_documented_rule_governs_the_tool_of_an_llm_agent(
    tmp_path: Path, when: str, amount: int, paid: list[int]
) -> None:
    done: list[int] = []

    def refund(amount: int) -> str:
        """Pay."""
        done.append(amount)
        return "paid"

    model = ScriptedModel([Use("refund", {"amount": amount}), "done"])
    clerk = llm_agent("clerk", model=model, instructions="Pay.", tools=[refund], on_refused="end")

    @workflow
    async def desk(ctx: Context, q: str) -> str:
        return await ctx.call(clerk, q)

    policy = PolicyFile(tmp_path / "policy.cedar").holds(EVERYTHING, f'@id("large") {TOOL} when {{ {when} }};')
    async with Bench(tmp_path).app(desk, clerk, policy=policy) as app:
        if paid:
            assert await app.run(desk, "pay") == "done"
        else:
            with pytest.raises(RunFailed, match=r"policy\.cedar, line 3, forbids it"):
                await app.run(desk, "pay")
    assert done == paid


@pytest.mark.parametrize(("amount", "paid"), [(99, [99]), (500, [])])
@pytest.mark.parametrize("prepared", [False, True])
async def test_an_argument_that_the_model_leaves_out_counts_as_its_default(
    tmp_path: Path, amount: int, paid: list[int], *, prepared: bool
) -> None:
    done: list[int] = []

    def refund(to: str, amount: int = amount) -> str:
        """Pay."""
        done.append(amount)
        return "paid"

    async def prepare(_: object, tool: ToolDefinition) -> ToolDefinition:
        return tool  # so its schema shows only when it is used

    tool = Tool[Steps](refund, prepare=prepare) if prepared else refund
    model = ScriptedModel([Use("refund", {"to": "ann"}), "done"])
    clerk = llm_agent("clerk", model=model, instructions="Pay.", tools=[tool])

    @workflow
    async def desk(ctx: Context, q: str) -> str:
        return await ctx.call(clerk, q)

    when = "context.input has amount && context.input.amount > 100 && context.any.amount > 100"
    policy = PolicyFile(tmp_path / "policy.cedar").holds(EVERYTHING, f"{TOOL} when {{ {when} }};")
    async with Bench(tmp_path).app(desk, clerk, policy=policy) as app:
        await app.run(desk, "pay")
    assert done == paid


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({}, {"n": 1}), ({"n": 2}, {"n": 2}), ({"n": None}, {"n": None}), ({"x": 1}, {"n": 1, "x": 1}),
        ({"to": {}}, {"n": 1, "to": {"kind": "a"}}), ("text", "text"),
        ({"all": [{}, {"kind": "b"}]}, {"n": 1, "all": [{"kind": "a"}, {"kind": "b"}]}),
        ({"maybe": {}}, {"n": 1, "maybe": {"kind": "a"}}), ({"maybe": None}, {"n": 1, "maybe": None}), (None, None),
    ],
)  # fmt: skip
def test_defaults_of_a_schema_stand_for_what_is_left_out(value: Json, filled: Json) -> None:
    inner = {"type": "object", "properties": {"kind": {"type": "string", "default": "a"}}}
    reference = {"$ref": "#/$defs/Inner"}
    schema = {
        "$defs": {"Inner": inner}, "type": "object",
        "properties": {
            "n": {"type": "integer", "default": 1}, "none": {"default": None}, "to": reference,
            "all": {"type": "array", "items": reference}, "maybe": {"anyOf": [reference, {"type": "null"}]},
        },
    }  # fmt: skip
    assert Members(schema).filled(value) == filled
    assert Members(None).filled(value) == value


_JSON = some.recursive(
    some.none() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.sampled_from(["tool", "arguments", "n"]), inner),
)


@given(some.text(), _JSON)
def test_the_arguments_of_a_tool_are_what_it_is_sent_whatever_they_are_called(tool: str, arguments: Json) -> None:
    assert arguments_in({"tool": tool, "arguments": arguments}) == arguments


@given(_JSON.filter(lambda it: not isinstance(it, dict) or "arguments" not in it))
def test_what_a_step_of_an_agent_itself_sends_is_seen_as_it_is(sent: Json) -> None:
    assert arguments_in(sent) == sent


@pytest.mark.parametrize(
    "when",
    [
        "context.input.arguments.amount > 100", "context.input has arguments && context.input.arguments.amount > 100",
        "context has input.arguments.amount && context.input.arguments.amount > 100",
        'context["input"]["arguments"]["amount"] > 100', 'context.input has "arguments"',
        'context.input.tool == "refund"', "!(context.input has tool)",
        "(if context.depth > 1 then context.input else context.input).arguments.amount > 100",
        "{all: context.input}.all.arguments.amount > 100",
        'context.input == {tool: "refund", arguments: {amount: 500}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "head",
    [
        TOOL, "forbid(principal, action, resource)", "permit(principal, action, resource is Tool)",
        'permit(principal, action in [Action::"call", Action::"tool"], resource)',
    ],
)  # fmt: skip
def test_a_rule_for_arguments_that_are_wrapped_would_say_nothing_and_is_refused(head: str, when: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2, column 1: .*write context\.input\.amount"):
        CedarRules(f"{EVERYTHING}{head} when {{ {when} }};", "policy.cedar", dangerous="operators")


@pytest.mark.parametrize(
    "rule",
    [
        'forbid(principal, action == Action::"call", resource) when { context.input.arguments.amount > 100 };',
        'forbid(principal, action, resource == Agent::"a") when { context.input has tool };',
        f'@input("bare") {TOOL} when {{ context.input.arguments.amount > 100 }};',
        f"{TOOL} when {{ context.input.order.arguments.amount > 100 }};",
        f'{TOOL} when {{ context.input.amount > 100 && resource.name == "tool" }};',
    ],
)
def test_other_rules_that_read_something_of_that_name_are_taken(rule: str) -> None:
    CedarRules(EVERYTHING + rule, "policy.cedar", dangerous="operators")


def test_what_the_input_is_said_to_be_is_one_word() -> None:
    with pytest.raises(ConfigError, match=r'@input\("bare"\) is all that it can say'):
        CedarRules('@input("wrapped") permit(principal, action, resource);', "policy.cedar", dangerous="operators")
