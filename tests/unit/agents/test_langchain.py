"""What is particular to LangChain and LangGraph: threads, branches side by side, interrupts, typed answers."""

import asyncio
import operator
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import pytest
from langchain import agents
from langchain.agents.structured_output import ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from podium import App, Context, agent, workflow
from podium.agents.context import Summarize
from podium.agents.langchain import PodiumMiddleware, from_langchain, recorded_model
from podium.errors import Refusal
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.testing import PlainSteps
from tests.unit.agents.calls import call_with

create_agent: Any = vars(agents)["create_agent"]  # its type is too wide for a type checker
Answer = Callable[[Sequence[BaseMessage]], AIMessage]
ASKED: list[str] = []
"""What the models of the running test were asked last."""


class Script(BaseChatModel):
    """Answers as a function says."""

    answer: Answer

    @property
    def _llm_type(self) -> str:
        return "script"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        ASKED.append(str(messages[-1].text))
        message = self.answer(messages)
        message.usage_metadata = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}
        message.response_metadata = {"model_name": "scripted"}
        return ChatResult(generations=[ChatGeneration(message=message)])


def use(name: str, args: Json, call_id: str = "c1") -> AIMessage:
    return AIMessage(content="", tool_calls=[{"name": name, "args": args, "id": call_id, "type": "tool_call"}])


def once_used(first: AIMessage, then: str) -> Answer:
    """Return a script that uses tools once, and then ends."""
    return lambda messages: AIMessage(content=then) if isinstance(messages[-1], ToolMessage) else first.model_copy()


async def run(graph: Any, steps: PlainSteps, **more: Any) -> Outcome:
    return await from_langchain(graph, name="bot", **more).run(call_with("hello"), steps)


async def replayed(graph: Any, **more: Any) -> tuple[Json, PlainSteps]:
    """Run a graph twice, the second time over what the first one recorded; nobody may be asked again."""
    ASKED.clear()
    first = PlainSteps(people=lambda ask: "blue")
    value = await run(graph, first, **more)
    asked, again = len(ASKED), PlainSteps(recorded=first.recorded)
    assert await run(graph, again, **more) == value
    assert len(ASKED) == asked
    assert again.recorded == first.recorded
    assert isinstance(value, Done)
    return value.value, first


def answers(steps: PlainSteps) -> int:
    return sum("parts" in each for each in steps.recorded.values() if isinstance(each, dict))


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]


def graph_of(**nodes: Any) -> Any:
    """Return a graph whose nodes run side by side."""
    graph: Any = StateGraph(Notes)
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(START, name)
        graph.add_edge(name, END)
    return graph.compile()


def notes(value: str) -> Json:
    return {"notes": [value]}


def said(state: Json) -> str:
    return " | ".join(state["notes"])


async def test_a_node_in_a_thread_asks_synchronously_and_is_recorded() -> None:
    model = recorded_model(Script(answer=lambda _: AIMessage(content="from a thread")))

    def think(state: Notes) -> Json:
        return {"notes": [model.invoke("question").text]}

    value, steps = await replayed(graph_of(think=think), state=notes, answer=said)
    assert value == "hello | from a thread"
    assert answers(steps) == 1


async def test_branches_side_by_side_are_handed_back_their_own_answers_in_whichever_order_they_ask() -> None:
    model = recorded_model(Script(answer=lambda messages: AIMessage(content=f"about {messages[-1].text}")))
    turns: list[int] = []

    def branch(topic: str, wait: int) -> Any:
        async def think(state: Notes) -> Json:
            for _ in range(wait if not turns else 10 - wait):
                await asyncio.sleep(0)
            first = (await model.ainvoke(topic)).text
            return {"notes": [(await model.ainvoke(first)).text]}

        return think

    graph = graph_of(a=branch("cats", 1), b=branch("dogs", 9))
    first = PlainSteps()
    value = await run(graph, first, state=notes, answer=said)
    turns.append(1)
    asked = len(ASKED)
    assert await run(graph, PlainSteps(recorded=first.recorded), state=notes, answer=said) == value
    assert len(ASKED) == asked
    assert value == Done("hello | about about cats | about about dogs")


async def test_an_interrupt_is_a_question_and_its_answer_goes_on_without_asking_a_model_again() -> None:
    model = recorded_model(Script(answer=lambda messages: AIMessage(content=f"about {messages[-1].text}")))

    async def think(state: Notes) -> Json:
        before = (await model.ainvoke("first")).text
        colour = interrupt("Which colour?")
        return {"notes": [before, (await model.ainvoke(colour)).text]}

    value, steps = await replayed(graph_of(think=think), state=notes, answer=said)
    assert value == "hello | about first | about blue"
    assert [ask.text for ask in steps.asked] == ["Which colour?"]
    assert ASKED == ["first", "blue"]


async def test_a_command_that_a_tool_gives_its_graph_is_handed_back() -> None:
    @tool
    async def note(text: str) -> Command[Any]:
        """Note something."""
        return Command(update={"messages": [ToolMessage("noted", tool_call_id="c1")]})

    graph = create_agent(
        Script(answer=once_used(use("note", {"text": "x"}), "done")), [note], middleware=[PodiumMiddleware()]
    )
    value, steps = await replayed(graph)
    assert value == "done"
    assert answers(steps) == 2


async def test_a_typed_answer_is_made_again_of_what_is_recorded() -> None:
    class Report(BaseModel):
        title: str

    graph = create_agent(
        Script(answer=lambda _: use("Report", {"title": "cats"})), [], response_format=ToolStrategy(Report),
        middleware=[PodiumMiddleware()],
    )  # fmt: skip
    value, steps = await replayed(graph, output=Report)
    assert value == {"title": "cats"}
    assert answers(steps) == 1


async def test_what_nobody_wrapped_is_counted_as_unseen() -> None:
    graph = create_agent(Script(answer=lambda _: AIMessage(content="done")), [])
    steps = PlainSteps()
    assert await run(graph, steps) == Done("done")
    assert steps.recorded == {"unseen.0": {"input_tokens": 10, "output_tokens": 1}}


async def test_a_graph_that_goes_round_for_ever_is_a_refusal() -> None:
    @tool
    async def look(n: int) -> str:
        """Look."""
        return "nothing"

    graph = create_agent(Script(answer=lambda _: use("look", {"n": 1})), [look], middleware=[PodiumMiddleware()])
    with pytest.raises(Refusal, match="ecursion"):
        await run(graph, PlainSteps(), config={"recursion_limit": 6})


async def test_outside_of_a_call_a_recorded_model_is_as_bare() -> None:
    model = Script(answer=lambda _: AIMessage(content="bare"))
    twin = recorded_model(model)
    assert isinstance(twin, Script)
    assert (await twin.ainvoke([HumanMessage("hi")])).text == "bare"
    assert recorded_model(twin) is twin


@pytest.mark.parametrize("nodes", [2, 3])
async def test_nodes_side_by_side_pay_a_summary_once(nodes: int) -> None:
    history = [each for n in range(5) for each in (HumanMessage(f"q{n} {'long ' * 90}"), AIMessage("fine"))]
    model = recorded_model(Script(answer=lambda messages: AIMessage(content=str(messages[0].text))))
    paid: list[str] = []

    async def ask(state: Notes) -> Json:
        return {"notes": [(await model.ainvoke([*history, HumanMessage("and?")])).text]}

    @agent
    async def shortener(text: str) -> str:
        paid.append(text)
        await asyncio.sleep(0)
        return f"summary {len(paid)}"

    graph = graph_of(**{f"node{n}": ask for n in range(nodes)})
    rules = [Summarize(shortener, above=1_000, keep=3, count=len)]
    bot = from_langchain(graph, name="bot", answer=said, context=rules)

    @workflow
    async def talk(ctx: Context) -> Json:
        return await ctx.call(bot, "hello")

    async with App.open(":memory:", agents=[talk]) as app:
        run = await app.start(talk)
        assert await run.result() == " | ".join(["Summary of what was said before:\n\nsummary 1"] * nodes)
        facts = await app.runs.facts(run.id)
    assert len(paid) == 1
    assert [each.kind for each in facts if "/summary/" in each.key] == [FactKind.STEP]
