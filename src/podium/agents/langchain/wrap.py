"""Makes a Podium agent of an agent of LangChain, or a graph of LangGraph."""

from collections.abc import Callable
from dataclasses import replace
from typing import Unpack, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from typing_extensions import TypeVar

from podium.agents.card import card_of
from podium.agents.context.applying import check_context
from podium.agents.frameworks.approvals import terms_of
from podium.agents.frameworks.effects import check_declared, tool_cards
from podium.agents.frameworks.options import FRAMEWORK_OPTIONS, FrameworkOptions, card_options
from podium.agents.frameworks.prompt import correction, text_of_input
from podium.agents.langchain.agent import Invokable, LangChainAgent
from podium.agents.langchain.as_tool import agents_in
from podium.agents.langchain.tools import shown_tools, tools_of
from podium.agents.shape import shape_of
from podium.errors import BadAnswer, ConfigError
from podium.model.expected import FUNCTION, NAME, check_options, has, or_none
from podium.model.json import Json, is_object
from podium.model.prices import NO_RATES

In = TypeVar("In", default=str)
Out = TypeVar("Out", default=str)

_MADE_OF = {"name": or_none(NAME), "state": or_none(FUNCTION), "answer": or_none(FUNCTION)}
_A_GRAPH = has("what has `ainvoke`, such as create_agent(…) or a compiled StateGraph", "ainvoke")


def from_langchain(
    graph: Invokable,
    *,
    name: str | None = None,
    input: type[In] = str,
    output: type[Out] | None = None,
    state: Callable[[In], Json] | None = None,
    answer: Callable[[Json], Out] | None = None,
    config: RunnableConfig | None = None,
    **options: Unpack[FrameworkOptions],
) -> LangChainAgent[In, Out]:
    """Return a Podium agent that invokes `graph`: an agent of `create_agent`, a compiled StateGraph, any Runnable.

    `name` is the graph's own unless given. What it is invoked with is `{"messages": [a message of the user]}`: an
    `input` of text, any other as JSON under a short heading; or what `state` makes of the input. What it gives is the
    text of its last message, for an `output` other than text its `structured_response`, or what `answer` makes of its
    result. `config` is handed to the graph.

    Recorded is what `PodiumMiddleware`, `recorded_model` and `recorded_tool_call` see: give the agent the middleware,
    or a graph of your own such models and tools. `interrupt(…)` and HumanInTheLoopMiddleware ask in the inbox; the
    graph needs no checkpointer, and one of its own is not used. What a tool does to the world is declared in
    `tool_effects`.

    Nodes must do the same whenever a call is replayed: no clock, no chance, no effect outside of tools.
    """
    _A_GRAPH.check("what an agent is made of", graph)
    known = name or getattr(graph, "name", None)
    if not isinstance(known, str) or not known:
        raise ConfigError("the graph has no name: pass name= to from_langchain")
    check_options(f"agent {known}", {"name": name, "state": state, "answer": answer}, _MADE_OF)
    check_options(f"agent {known}", options, FRAMEWORK_OPTIONS)
    check_context(known, options.get("context", ()))
    effects = options.get("tool_effects", {})
    check_declared(effects, known, None)
    takes = shape_of(input)
    gives = shape_of(output or cast("type[Out]", str))
    prompt = text_of_input(takes)

    def invoked_with(value: In, feedback: str) -> Json:
        made: Json = {"messages": [{"role": "user", "content": prompt(value)}]} if state is None else state(value)
        if not (feedback and is_object(made) and "messages" in made):
            return made
        said: list[Json] = [*made["messages"], {"role": "user", "content": correction(feedback)}]
        return {**made, "messages": said}

    return LangChainAgent(
        card=replace(
            card_of("llm", known, takes, gives, card_options(options)), tools=tool_cards(effects, tools_of(graph))
        ),
        input=takes,
        output=gives,
        graph=graph,
        state=invoked_with,
        answer=answer or (_last_text if output in (None, str) else _structured),
        config=config or {},
        effects=effects,
        rates=options.get("rates", NO_RATES),
        streaming=options.get("streaming", False),
        terms=terms_of(options),
        context=options.get("context", ()),
        members=tuple(agents_in(shown_tools(graph))),
    )


def _last_text(result: Json) -> Json:
    """Return the text of the last message of a state, or of a message."""
    messages: list[Json] = result.get("messages") or [] if is_object(result) else [result]
    if not messages or not isinstance(last := messages[-1], BaseMessage):
        raise BadAnswer("the graph gave no message: say with answer= what comes out of it")
    return str(last.text)


def _structured(result: Json) -> Json:
    """Return the structured answer of an agent."""
    if not is_object(result) or "structured_response" not in result:
        raise BadAnswer("the graph gave no structured_response: say with answer= what comes out of it")
    return result["structured_response"]
