"""An LLM agent that runs again over its recorded steps repeats nothing, and stops where a step stops it."""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage, UserPromptPart

from podium.agents.pydantic_ai import llm_agent
from podium.errors import Evicted, Interrupt, RateLimited, Suspended
from podium.model.agent import Agent
from podium.model.outcome import Done
from podium.model.question import Ask
from podium.model.streams import RequestStarted
from podium.testing.model import ModelReply, ScriptedModel, Use, requests_seen
from tests.unit.agents.test_llm_steps import Journal, call, last_result, value_of

SUSPENDED = Suspended(Ask(text="May it?"), "step")


class Crash(BaseException):
    """The process is gone."""


class Desk:
    """Two tools that the model calls at once, and what became of them."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.slow_begun = asyncio.Event()
        self.release = asyncio.Event()

    async def slow(self) -> str:
        """Wait for the test."""
        self.begun.append("slow")
        self.slow_begun.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.ended.append("slow was cancelled")
            raise
        self.ended.append("slow")
        return "slow result"

    async def quick(self) -> str:
        """Release the slow tool."""
        self.begun.append("quick")
        self.release.set()
        return "quick result"

    def agent(self, *, streaming: bool = False) -> Agent[str, str]:
        script: list[ModelReply] = [[Use("slow", id="s"), Use("quick", id="q")], "Done."]
        return llm_agent(
            "clerk",
            model=ScriptedModel(script),
            instructions="Be exact.",
            tools=[self.slow, self.quick],
            streaming=streaming,
        )

    async def release_late(self) -> None:
        """Let the slow tool go on long after the other one has stopped."""
        await self.slow_begun.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        self.release.set()


async def left_with(work: Awaitable[object], kind: type[BaseException]) -> BaseException:
    with pytest.raises(kind) as caught:
        await work
    return caught.value


def stopped(desk: Desk, journal: Journal, problem: BaseException, *, streaming: bool = False) -> BaseException:
    """Run the desk with its quick tool stopped by `problem`, and return what left the agent."""

    async def run() -> BaseException:
        journal.stops["tool/quick/q"] = problem
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.release_late())
            return await left_with(desk.agent(streaming=streaming).run(call("Go."), journal), type(problem))

    return asyncio.run(run())


def test_a_finished_conversation_asks_no_model_again(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    journal = Journal()
    for _ in range(2):
        agent = llm_agent("clerk", model=ScriptedModel(["Hello."], witness=witness), instructions="Be kind.")
        assert asyncio.run(agent.run(call("Hi."), journal)) == Done("Hello.")
    assert len(requests_seen(witness)) == 1


@pytest.mark.parametrize("at", ["model/1", "tool/count/1", "model/3", "tool/count/2", "model/5"])
def test_nothing_finished_is_repeated_after_a_crash(at: str, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    counted: list[int] = []

    def count(number: int) -> str:
        counted.append(number)
        return f"counted {number}"

    def agent() -> Agent[str, str]:
        script: list[ModelReply] = [Use("count", {"number": 1}, "1"), Use("count", {"number": 2}, "2"), "Two."]
        model = ScriptedModel(script, witness=witness)
        return llm_agent("clerk", model=model, instructions="Count.", tools=[count])

    journal = Journal(stops={at: Crash()})
    with pytest.raises(Crash):
        asyncio.run(agent().run(call("Go."), journal))
    journal.stops.clear()
    assert asyncio.run(agent().run(call("Go."), journal)) == Done("Two.")
    assert counted == [1, 2]
    assert [request["position"] for request in requests_seen(witness)] == [0, 1, 2]


def test_a_recorded_conversation_can_be_replayed_with_streaming() -> None:
    journal = Journal()
    for streaming in (False, True):
        agent = llm_agent("clerk", model=ScriptedModel(["Hello."]), instructions="Be kind.", streaming=streaming)
        assert asyncio.run(agent.run(call("Hi."), journal)) == Done("Hello.")
    assert journal.chunks == [RequestStarted("scripted")]


def test_tools_of_one_response_run_at_once() -> None:
    desk = Desk()
    assert asyncio.run(desk.agent().run(call("Go."), Journal())) == Done("Done.")
    assert desk.begun == ["slow", "quick"]


@pytest.mark.parametrize("first", ["tool/slow/s", "tool/quick/q"])
def test_each_parallel_tool_gets_its_own_result_back(first: str) -> None:
    whole = Journal()
    asyncio.run(Desk().agent().run(call("Go."), whole))
    recorded = ("model/1", first)
    half = Journal(
        values={path: whole.values[path] for path in recorded}, inputs={path: whole.inputs[path] for path in recorded}
    )
    desk = Desk()
    desk.release.set()
    asyncio.run(desk.agent().run(call("Go."), half))
    assert half.inputs["model/3"] == whole.inputs["model/3"]
    assert desk.begun == (["quick"] if first == "tool/slow/s" else ["slow"])


@pytest.mark.parametrize("streaming", [False, True])
def test_suspended_leaves_the_agent_as_it_is(*, streaming: bool) -> None:
    assert stopped(Desk(), Journal(), SUSPENDED, streaming=streaming) is SUSPENDED


@pytest.mark.parametrize("streaming", [False, True])
def test_suspended_at_a_model_request_leaves_the_agent_as_it_is(*, streaming: bool) -> None:
    agent = Desk().agent(streaming=streaming)
    assert asyncio.run(left_with(agent.run(call("Go."), Journal(stops={"model/1": SUSPENDED})), Interrupt)) is SUSPENDED


@pytest.mark.parametrize("problem", [SUSPENDED, RateLimited("later"), ValueError("a bug")])
def test_a_tool_under_way_is_finished_and_recorded_before_another_ones_exception_leaves(problem: BaseException) -> None:
    desk, journal = Desk(), Journal()
    stopped(desk, journal, problem)
    assert desk.ended == ["slow"]
    assert journal.values["tool/slow/s"]["result"] == "slow result"


def test_after_an_answer_only_the_suspended_tool_runs() -> None:
    desk, journal = Desk(), Journal()
    stopped(desk, journal, SUSPENDED)
    journal.stops.clear()
    assert asyncio.run(desk.agent().run(call("Go."), journal)) == Done("Done.")
    assert desk.begun == ["slow", "quick"]


def test_tools_under_way_are_cancelled_where_the_run_is_no_longer_ours() -> None:
    desk = Desk()

    async def run() -> None:
        await left_with(desk.agent().run(call("Go."), Journal(stops={"tool/quick/q": Evicted()})), Evicted)

    asyncio.run(run())
    assert "slow" not in desk.ended


def test_a_cancelled_call_cancels_its_tools_and_waits_for_them() -> None:
    desk = Desk()

    async def never() -> str:
        return await desk.slow()

    async def run() -> None:
        agent = llm_agent("clerk", model=ScriptedModel([Use("never")]), instructions="Wait.", tools=[never])
        async with asyncio.TaskGroup() as group:
            running = group.create_task(agent.run(call("Go."), Journal()))
            await desk.slow_begun.wait()
            running.cancel()

    asyncio.run(run())
    assert desk.ended == ["slow was cancelled"]


def test_many_calls_of_one_agent_run_at_once_with_steps_of_their_own() -> None:
    async def greet(name: str) -> str:
        await asyncio.sleep(0)
        return f"Hello {name}."

    def script(messages: Sequence[ModelMessage]) -> ModelReply:
        if len(messages) > 1:
            return last_result(messages)
        part = messages[0].parts[0]
        assert isinstance(part, UserPromptPart)
        return Use("greet", {"name": part.content}, "g")

    async def run() -> None:
        agent = llm_agent("clerk", model=ScriptedModel(script), instructions="Greet.", tools=[greet])
        journals = {name: Journal() for name in ("Ann", "Bob", "Cleo", "Dan")}
        outcomes = await asyncio.gather(*(agent.run(call(name), journal) for name, journal in journals.items()))
        assert outcomes == [Done(f"Hello {name}.") for name in journals]
        for name, journal in journals.items():
            assert journal.values["tool/greet/g"]["result"] == f"Hello {name}."

    asyncio.run(run())


def test_an_error_that_may_pass_keeps_what_was_paid(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    journal = Journal(stops={"model/3": RateLimited("later", retry_after=2.0)})
    script: list[ModelReply] = [Use("quick", id="q"), "Done."]
    agent = llm_agent(
        "clerk", model=ScriptedModel(script, witness=witness), instructions="Be exact.", tools=[Desk().quick]
    )
    with pytest.raises(RateLimited):
        asyncio.run(agent.run(call("Go."), journal))
    journal.stops.clear()
    assert value_of(asyncio.run(agent.run(call("Go."), journal))) == "Done."
    assert len(requests_seen(witness)) == 2
