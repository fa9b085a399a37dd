"""What is particular to agents of the OpenAI Agents SDK: hand-offs, agents as tools, guardrails, unwrapped agents."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    Model,
    ModelResponse,
    RunConfig,
    RunContextWrapper,
    Runner,
    Usage,
    function_tool,
    input_guardrail,
)
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from podium.agents.openai_agents import from_openai_agents, recorded
from podium.errors import BadAnswer, Refusal, UsageError
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.testing import PlainSteps
from tests.unit.agents.calls import call_with

Said = str | tuple[str, str]
"""A text, or the name of a tool that is called and the JSON of its arguments."""


class Script(Model):
    """Says one thing after the other, by how many answers are in the conversation; counts how often it was asked."""

    model = "scripted"

    def __init__(self, *said: Said) -> None:
        self.said = said
        self.asked = 0

    async def get_response(self, *args: Any, **more: Any) -> ModelResponse:
        self.asked += 1
        items = asked_in(args, more)
        done = 0 if isinstance(items, str) else sum(each.get("type") == "function_call_output" for each in items)
        said = self.said[min(done, len(self.said) - 1)]
        output: Any = _call(*said, f"call_{done}") if isinstance(said, tuple) else _message(said)
        return ModelResponse(
            output=[output], usage=Usage(requests=1, input_tokens=10, output_tokens=1), response_id=None
        )

    def stream_response(self, *args: Any, **more: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def asked_in(args: tuple[Any, ...], more: dict[str, Any]) -> Json:
    """Return the input of a request: the SDK names it, another model may not."""
    return more["input"] if "input" in more else args[1]


def _call(tool: str, arguments: str, call_id: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(type="function_call", call_id=call_id, name=tool, arguments=arguments)


def _message(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[content])


def number(seen: list[int]) -> Any:
    @function_tool
    async def look(n: int) -> str:
        seen.append(n)
        return f"look {n}"

    return look


async def run(agent: Agent[Any], steps: PlainSteps, **more: Any) -> Outcome:
    return await from_openai_agents(agent, name="bot", **more).run(call_with("hello"), steps)


async def replayed(agent: Agent[Any], models: Sequence[Script], **more: Any) -> tuple[Json, PlainSteps]:
    """Run an agent twice, the second time over what the first one recorded; nobody may be asked again."""
    first = PlainSteps()
    value = await run(agent, first, **more)
    asked, again = [each.asked for each in models], PlainSteps(recorded=first.recorded)
    assert await run(agent, again, **more) == value
    assert [each.asked for each in models] == asked
    assert again.recorded == first.recorded
    assert isinstance(value, Done)
    return value.value, first


async def test_agents_that_hand_over_to_each_other_are_recorded_in_a_circle_too() -> None:
    seen: list[int] = []
    model, other = Script(("transfer_to_other", "{}"), "x", "home"), Script("x", ("look", '{"n": 4}'), "x")
    other.said = ("x", ("look", '{"n": 4}'), ("transfer_to_first", "{}"), "never")
    model.said = (("transfer_to_other", "{}"), "x", "x", "home")
    second = Agent[Any]("other", model=other, tools=[number(seen)])
    first = Agent[Any]("first", model=model, handoffs=[second])
    second.handoffs.append(first)
    value, steps = await replayed(first, [model, other])
    assert value == "home"
    assert seen == [4]
    assert [each["agent"] for each in steps.sent if "agent" in each] == ["", "other"]


async def test_an_agent_as_a_tool_is_recorded_request_by_request_where_it_is_wrapped() -> None:
    seen: list[int] = []
    inner_model = Script(("look", '{"n": 5}'), "from inside")
    inner = Agent[Any]("inner", model=inner_model, tools=[number(seen)])
    tool = recorded(inner).as_tool("ask_inner", "Asks.")
    model = Script(("ask_inner", '{"input": "?"}'), "done")
    value, steps = await replayed(Agent[Any]("outer", model=model, tools=[tool]), [model, inner_model])
    assert (value, seen) == ("done", [5])
    assert "unseen.0" not in steps.recorded
    assert sum("parts" in each for each in steps.recorded.values()) == 4


async def test_what_an_agent_used_that_nobody_wrapped_is_counted_as_unseen() -> None:
    inner_model = Script("from inside")
    tool = Agent[Any]("inner", model=inner_model).as_tool("ask_inner", "Asks.")
    model = Script(("ask_inner", '{"input": "?"}'), "done")
    _, steps = await replayed(Agent[Any]("outer", model=model, tools=[tool]), [model, inner_model])
    assert steps.recorded["unseen.0"] == {"input_tokens": 10, "output_tokens": 1}


async def test_the_tripwire_of_a_guardrail_is_a_refusal() -> None:
    @input_guardrail(run_in_parallel=False)
    async def never(ctx: RunContextWrapper[Any], agent: Agent[Any], input: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info="no", tripwire_triggered=True)

    with pytest.raises(Refusal):
        await run(Agent[Any]("bot", model=Script("hi"), input_guardrails=[never]), PlainSteps())


async def test_too_many_turns_are_a_refusal() -> None:
    agent = Agent[Any]("bot", model=Script(("look", '{"n": 1}')), tools=[number([])])
    with pytest.raises(Refusal, match="turns"):
        await run(agent, PlainSteps(), max_turns=2)


async def test_a_tool_that_there_is_not_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        await run(Agent[Any]("bot", model=Script(("nothing", "{}"), "x")), PlainSteps())


async def test_a_tool_of_which_the_sdk_tells_no_errors_raises_what_it_raised() -> None:
    @function_tool(failure_error_function=None)
    async def look(n: int) -> str:
        raise ConnectionResetError("broken")

    with pytest.raises(ConnectionResetError):
        await run(Agent[Any]("bot", model=Script(("look", '{"n": 1}')), tools=[look]), PlainSteps())


async def test_outside_of_a_call_a_recorded_agent_is_as_bare() -> None:
    @function_tool(needs_approval=True)
    async def pay(n: int) -> str:
        return f"paid {n}"

    agent = recorded(Agent[Any]("bot", model=Script(("pay", '{"n": 1}'), "done"), tools=[pay]))
    result = await Runner.run(agent, "hello", run_config=RunConfig(tracing_disabled=True))
    assert [each.name for each in result.interruptions] == ["pay"]


async def test_whether_a_tool_needs_approval_may_depend_on_its_arguments() -> None:
    async def much(ctx: RunContextWrapper[Any], arguments: dict[str, Any], call_id: str) -> bool:
        return arguments["n"] > 100

    @function_tool(needs_approval=much)
    async def pay(n: int) -> str:
        return f"paid {n}"

    for n, questions in ((5, 0), (500, 1)):
        steps = PlainSteps(people=lambda _: {"approved": True})
        await run(Agent[Any]("bot", model=Script(("pay", f'{{"n": {n}}}'), "done"), tools=[pay]), steps)
        assert len(steps.asked) == questions


async def test_a_stream_that_is_read_in_a_tool_is_recorded() -> None:
    model = Script("from inside")
    inner = recorded(Agent[Any]("inner", model=model))

    @function_tool
    async def ask(n: int) -> str:
        streamed = Runner.run_streamed(inner, "?", run_config=RunConfig(tracing_disabled=True))
        async for _ in streamed.stream_events():
            pass
        return str(streamed.final_output)

    outer = Script(("ask", '{"n": 1}'), "done")
    _, steps = await replayed(Agent[Any]("outer", model=outer, tools=[ask]), [model, outer])
    assert {"kind": "tool_return", "result": "from inside"} in steps.recorded.values()


def test_tool_effects_of_a_tool_that_there_is_not_are_refused() -> None:
    with pytest.raises(UsageError, match="names 'pay'"):
        from_openai_agents(Agent[Any]("bot", tools=[number([])]), tool_effects={"pay": "once"})


@pytest.mark.parametrize("output", [["a", 1], {"a": [1, None]}, "text", 5, None])
async def test_what_a_tool_gives_is_told_as_bare(output: Json) -> None:
    told: list[Json] = []

    class Listening(Script):
        async def get_response(self, *args: Any, **more: Any) -> ModelResponse:
            told.append(asked_in(args, more))
            return await super().get_response(*args, **more)

    @function_tool
    async def give(n: int) -> Json:
        return output

    agent = Agent[Any]("bot", model=Listening(("give", '{"n": 1}'), "done"), tools=[give])
    await Runner.run(agent, "hello", run_config=RunConfig(tracing_disabled=True))
    await run(agent, PlainSteps())
    assert told[1][-1]["output"] == told[3][-1]["output"]
