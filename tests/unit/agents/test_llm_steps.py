"""Under which keys an LLM agent records its steps, and with which inputs; and the journal that these tests use."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ModelRetry, RunContext, Tool
from pydantic_ai.messages import ModelMessage, ToolReturnPart
from pydantic_ai.toolsets import DynamicToolset, FunctionToolset

from podium.agents.pydantic_ai import ToolEffects, from_pydantic_ai, llm_agent
from podium.errors import Diverged, UsageError
from podium.model.agent import Agent
from podium.model.budget import Amount, Bound, Breach, BudgetLine, Reservation
from podium.model.call import Call
from podium.model.consent import Consent
from podium.model.conversation import OpenTurn
from podium.model.deferral import Resume
from podium.model.json import Json
from podium.model.loops import AgentTurn
from podium.model.memory import MemoryStore
from podium.model.outcome import Done, Outcome, Usage
from podium.model.prices import NO_PRICES, PriceSettings
from podium.model.question import Ask
from podium.model.steps import Effects, Steps
from podium.testing.model import Give, ModelReply, ScriptedModel, Use
from podium.testing.steps import PlainSteps

ROOT = Path(__file__).parents[3]

_inside: ContextVar[str] = ContextVar("test_step", default="")


@dataclass
class Journal:
    """Steps that record in memory, and stop where a test wants them to."""

    values: dict[str, Json] = field(default_factory=dict[str, Json])
    inputs: dict[str, Json] = field(default_factory=dict[str, Json])
    effects: dict[str, Effects] = field(default_factory=dict[str, Effects])
    usages: list[Usage] = field(default_factory=list[Usage])
    chunks: list[Json] = field(default_factory=list[Json])
    told: list[Json] = field(default_factory=list[Json])
    stops: dict[str, BaseException] = field(default_factory=dict[str, BaseException])
    """What is raised instead of running a step."""
    in_doubt: set[str] = field(default_factory=set[str])
    epoch: int = 1
    conversation: OpenTurn | None = None

    @property
    def idempotency_key(self) -> str:
        return f"run:1/{_inside.get()}" if _inside.get() else "run:1"

    @property
    def memory(self) -> MemoryStore:
        raise NotImplementedError

    async def once(
        self,
        name: str,
        fn: Callable[[], Awaitable[Json]],
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
        bound: Bound | None = None,
    ) -> Json:
        path = f"{name}/{key}"
        sent = json.dumps(input)
        if path in self.values:
            if sent != json.dumps(self.inputs[path]):
                raise Diverged(path, json.dumps(self.inputs[path]), sent)
            return self.values[path]
        self.effects[path] = effects
        if path in self.stops:
            raise self.stops[path]
        known = await verify() if verify is not None and path in self.in_doubt else None
        value = known["done"] if known is not None else await self._run(path, fn)
        self.inputs[path] = json.loads(sent)
        self.values[path] = json.loads(json.dumps(value))
        if usage is not None and (used := usage(value)) is not None:
            self.usages.append(used)
        return self.values[path]

    granted: Mapping[str, Json] = field(default_factory=dict[str, Json])

    async def once_allowed(
        self, name: str, fn: Callable[[], Awaitable[Json]], consent: Consent, *, input: Json = None,
        key: str | None = None, effects: Effects = "idempotent", verify: Callable[[], Awaitable[Json]] | None = None,
        resume: Resume | None = None,
    ) -> Json:  # fmt: skip
        return await self.once(name, fn, input=input, key=key, effects=effects, verify=verify)

    async def call(self, agent: Any, input: Json) -> Json:
        raise NotImplementedError

    async def ask(self, ask: Ask, *, announce: Callable[[str], Awaitable[Json]] | None = None) -> Json:
        raise NotImplementedError

    async def _run(self, path: str, fn: Callable[[], Awaitable[Json]]) -> Json:
        token = _inside.set(path)
        try:
            return await fn()
        finally:
            _inside.reset(token)

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        self.told.append(sent(_inside.get()))
        if kept is not None:
            kept()

    def emit(self, chunk: Json) -> None:
        self.chunks.append(chunk)

    def note(self, guard: str, body: Mapping[str, Json]) -> None:
        raise NotImplementedError

    lines: Sequence[BudgetLine] = ()
    turns: Sequence[AgentTurn] = ()
    depth: int | None = None
    budgeted: bool = False
    prices: PriceSettings = NO_PRICES

    async def reserve(self, amount: Amount, lines: Sequence[BudgetLine] = ()) -> Reservation | Breach | None:
        raise NotImplementedError

    def settle(self, reservation: Reservation, spent: Amount) -> None:
        raise NotImplementedError


def call(value: Json, run: str = "run_1") -> Call:
    return Call(run=run, key="1", agent="clerk", version="1", input=value)


def value_of(outcome: Outcome) -> Json:
    assert isinstance(outcome, Done)
    return outcome.value


class Answer(BaseModel):
    total: int


def spell(words: set[str]) -> str:
    return " ".join(sorted(words))


def last_result(messages: Sequence[ModelMessage]) -> str:
    part = messages[-1].parts[-1]
    assert isinstance(part, ToolReturnPart)
    return part.model_response_str()


def recorded(
    script: Sequence[ModelReply], *tools: Callable[..., object] | Tool[Steps], **effects: Effects | ToolEffects
) -> Journal:
    journal = Journal()
    agent = llm_agent("clerk", model=ScriptedModel(script), instructions="Be exact.", tools=tools, tool_effects=effects)
    asyncio.run(agent.run(call("Go."), journal))
    return journal


def inputs_of_a_conversation() -> str:
    """Return the inputs of all steps of a conversation, as text."""
    journal = Journal()
    agent = llm_agent(
        "clerk",
        model=ScriptedModel(
            [[Use("spell", {"words": ["c", "a", "b"]}), Use("spell", {"words": ["x"]})], Give({"total": 6})]
        ),
        instructions="Be exact.",
        tools=[spell],
        output=Answer,
        settings={"temperature": 0.5, "extra_headers": {"Authorization": "Bearer hidden"}, "timeout": 5},
    )
    asyncio.run(agent.run(call("Go.", run=f"run_{os.getpid()}"), journal))
    return json.dumps(sorted(journal.inputs.items()))


def inputs_in_a_process(hash_seed: str) -> str:
    code = "from tests.unit.agents.test_llm_steps import *; print(inputs_of_a_conversation())"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    ).stdout


def test_steps_are_keyed_by_place_in_the_conversation_and_by_tool_call_id() -> None:
    journal = recorded(
        [[Use("spell", {"words": ["x"]}, id="a"), Use("spell", {"words": ["y"]}, id="b")], "Done."], spell
    )
    assert sorted(journal.values) == ["model/1", "model/3", "tool/spell/a", "tool/spell/b"]


def test_a_tool_call_id_that_a_later_response_uses_again_is_another_step() -> None:
    journal = recorded([Use("spell", {"words": ["x"]}, id="0"), Use("spell", {"words": ["x"]}, id="0"), "Done."], spell)
    assert sorted(path for path in journal.values if path.startswith("tool/")) == ["tool/spell/0", "tool/spell/0#2"]


def test_a_tool_is_recorded_with_the_arguments_that_the_model_wrote() -> None:
    journal = recorded([Use("spell", {"words": ["c", "a", "b"]}, id="a"), "Done."], spell)
    assert journal.inputs["tool/spell/a"] == {"tool": "spell", "arguments": {"words": ["c", "a", "b"]}}


def test_two_processes_send_the_same_inputs() -> None:
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    assert inputs_in_a_process(other) == inputs_of_a_conversation() + "\n"


@pytest.mark.parametrize("volatile", ["timestamp", "run_id", "conversation_id", "usage", "run_"])
def test_no_input_holds_what_differs_from_run_to_run(volatile: str) -> None:
    assert volatile not in inputs_of_a_conversation()


def test_no_input_holds_headers_because_they_may_be_secret() -> None:
    assert "hidden" not in inputs_of_a_conversation()


def test_settings_that_reach_the_model_are_part_of_the_input() -> None:
    assert '"settings": {"temperature": 0.5}' in inputs_of_a_conversation()


def test_other_instructions_diverge_from_the_record() -> None:
    journal = recorded(["Done."])
    changed = llm_agent("clerk", model=ScriptedModel(["Done."]), instructions="Be quick.")
    with pytest.raises(Diverged):
        asyncio.run(changed.run(call("Go."), journal))


def sing() -> str:
    return "La."


def test_effects_of_a_tool_are_those_declared() -> None:
    journal = recorded(
        [[Use("spell", {"words": ["x"]}, id="a"), Use("sing", id="b")], "Done."], spell, sing, spell="once"
    )
    assert (journal.effects["tool/spell/a"], journal.effects["tool/sing/b"]) == ("once", "idempotent")


def test_a_tool_that_asks_the_model_to_try_again_has_answered() -> None:
    def picky(word: str) -> str:
        if word != "please":
            raise ModelRetry("Say please.")
        return "Here you are."

    journal = recorded(
        [Use("picky", {"word": "now"}, id="a"), Use("picky", {"word": "please"}, id="b"), "Thanks."], picky
    )
    assert journal.values["tool/picky/a"] == {"message": "Say please.", "kind": "model_retry"}


def test_verify_tells_the_result_of_a_tool_in_doubt() -> None:
    paid: list[int] = []

    def pay(amount: int) -> str:
        paid.append(amount)
        return "receipt"

    async def was_paid(arguments: Json, steps: Steps) -> Json:
        return {"done": f"receipt for {arguments['amount']}"}

    model = ScriptedModel(
        lambda messages: last_result(messages) if len(messages) > 1 else Use("pay", {"amount": 7}, "a")
    )
    journal = Journal(in_doubt={"tool/pay/a"})
    agent = llm_agent(
        "clerk",
        model=model,
        instructions="Pay.",
        tools=[pay],
        tool_effects={"pay": ToolEffects(effects="once", verify=was_paid)},
    )
    assert value_of(asyncio.run(agent.run(call("Go."), journal))) == "receipt for 7"
    assert paid == []


def test_a_tool_finds_the_idempotency_key_of_its_own_step() -> None:
    async def pay(ctx: RunContext[Steps]) -> str:
        return ctx.deps.idempotency_key

    journal = recorded([Use("pay", id="a"), "Done."], pay)
    assert journal.values["tool/pay/a"]["result"] == "run:1/tool/pay/a"


def test_the_check_of_a_tools_arguments_is_a_step_of_its_own() -> None:
    asked: list[str] = []

    async def known(ctx: RunContext[Steps], name: str) -> None:
        asked.append(name)

    def greet(name: str) -> str:
        return f"Hello {name}."

    journal = recorded([Use("greet", {"name": "Ann"}, id="a"), "Done."], Tool(greet, args_validator=known))
    assert "tool/greet/a/check" in journal.values


def test_tools_of_a_kind_of_toolset_that_nobody_knows_are_steps() -> None:
    class Shelf(FunctionToolset[object]):
        """Not one of those that Pydantic AI has."""

    journal = Journal()
    own = PydanticAgent(ScriptedModel([Use("sing", id="a"), "Done."]), name="clerk", toolsets=[Shelf([sing])])
    asyncio.run(from_pydantic_ai(own).run(call("Go."), journal))
    assert journal.values["tool/sing/a"] == {"kind": "tool_return", "result": "La."}


def test_a_tool_has_the_name_that_the_model_sees() -> None:
    journal = Journal()
    songs = FunctionToolset([sing], id="songs").prefixed("old")
    own = PydanticAgent(ScriptedModel([Use("old_sing", id="a"), "Done."]), name="clerk", toolsets=[songs])
    asyncio.run(from_pydantic_ai(own, tool_effects={"old_sing": "once"}).run(call("Go."), journal))
    assert journal.inputs["tool/old_sing/a"] == {"tool": "old_sing", "arguments": {}}
    assert journal.effects["tool/old_sing/a"] == "once"


def test_effects_of_a_tool_that_shows_to_be_missing_are_refused_before_the_first_request() -> None:
    journal = Journal()
    songs = FunctionToolset([sing], id="songs").prefixed("old")
    own = PydanticAgent(ScriptedModel([Use("old_sing"), "Done."]), name="clerk", toolsets=[songs])
    agent = from_pydantic_ai(own, tool_effects={"sing": "once"})
    with pytest.raises(UsageError, match="names 'sing', which is no tool of it"):
        asyncio.run(agent.run(call("Go."), journal))
    assert journal.values == {}


def test_effects_of_a_tool_that_an_agent_in_a_tool_does_not_have_are_refused() -> None:
    inner = PydanticAgent(ScriptedModel(["Inner."]), name="inner", tools=[sing])

    async def ask() -> str:
        return (await inner.run("Well?")).output

    script: list[ModelReply] = [Use("ask", id="a"), "Done."]
    agent = llm_agent(
        "clerk", model=ScriptedModel(script), instructions="Ask.", tools=[ask], tool_effects={"inner/sign": "once"}
    )
    with pytest.raises(UsageError, match="tool_effects of agent inner names 'sign'"):
        asyncio.run(agent.run(call("Go."), Journal()))


def test_arguments_that_look_at_the_clock_are_no_part_of_what_is_compared() -> None:
    class Slip(BaseModel):
        at: float = Field(default_factory=lambda: next(clock))
        words: set[str]

    clock = iter(range(100))

    def note(slip: Slip) -> str:
        return "noted"

    def agent() -> Agent[str, str]:
        tools = FunctionToolset([note], id="desk").prefixed("old")
        script = [Use("old_note", {"words": ["b", "a"]}, id="a"), "Done."]
        return from_pydantic_ai(PydanticAgent(ScriptedModel(script), name="clerk", toolsets=[tools]))

    journal = Journal()
    for _ in range(2):
        assert value_of(asyncio.run(agent().run(call("Go."), journal))) == "Done."
    assert journal.inputs["tool/old_note/a"]["arguments"] == {"words": ["b", "a"]}


def test_an_output_function_is_a_step_that_gives_its_value_back() -> None:
    booked: list[str] = []

    def book(town: str) -> Answer:
        booked.append(town)
        return Answer(total=len(town))

    def agent() -> Agent[str, Answer]:
        own = PydanticAgent(
            ScriptedModel([Use("final_result", {"town": "Ulm"}, id="a")]), name="clerk", output_type=book
        )
        return from_pydantic_ai(own, output=Answer, tool_effects={"final_result": "once"})

    journal = Journal()
    for _ in range(2):
        assert value_of(asyncio.run(agent().run(call("Go."), journal))) == {"total": 3}
    assert booked == ["Ulm"]
    assert journal.effects["tool/final_result/a"] == "once"
    assert journal.inputs["tool/final_result/a"] == {"tool": "final_result", "arguments": {"town": "Ulm"}}


def test_an_output_function_that_asks_the_model_to_try_again_has_answered() -> None:
    def book(town: str) -> str:
        if town != "Ulm":
            raise ModelRetry("Ulm, please.")
        return town

    script = [Use("final_result", {"town": "Bonn"}, id="a"), Use("final_result", {"town": "Ulm"}, id="b")]
    journal = Journal()
    for _ in range(2):
        own = PydanticAgent(ScriptedModel(script), name="clerk", output_type=book)
        assert value_of(asyncio.run(from_pydantic_ai(own, output=str).run(call("Go."), journal))) == "Ulm"
    assert journal.values["tool/final_result/a"] == {"message": "Ulm, please.", "kind": "model_retry"}


def test_tools_of_a_toolset_are_steps() -> None:
    journal = Journal()
    own = PydanticAgent(
        ScriptedModel([Use("sing", id="a"), "Done."]), name="clerk", toolsets=[FunctionToolset([sing], id="songs")]
    )
    asyncio.run(from_pydantic_ai(own).run(call("Go."), journal))
    assert "tool/sing/a" in journal.values


def test_a_toolset_that_is_made_for_each_run_is_not_made_again_on_replay() -> None:
    made: list[str] = []

    def make(ctx: RunContext[object]) -> FunctionToolset[object]:
        made.append("songs")
        return FunctionToolset([sing], id="songs")

    own = PydanticAgent(
        ScriptedModel([Use("sing", id="a"), "Done."]), name="clerk", toolsets=[DynamicToolset(make, id="choice")]
    )
    first = PlainSteps()
    asyncio.run(from_pydantic_ai(own).run(call("Go."), first))
    so_far = len(made)
    asyncio.run(from_pydantic_ai(own).run(call("Go."), PlainSteps(recorded=first.recorded)))
    assert len(made) == so_far
