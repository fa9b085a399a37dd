"""The Podium agent around a graph of LangGraph."""

import copy
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.exceptions import OutputParserException
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.pregel import Pregel  # pyright: ignore[reportMissingTypeStubs] - types are in the package
from langgraph.types import Interrupt

from podium.agents.agent_tool import UsableAsTool
from podium.agents.context.applying import ContextRules, context_of
from podium.agents.frameworks.approvals import ToolTerms
from podium.agents.frameworks.effects import DeclaredEffects
from podium.agents.frameworks.failure import chain_of, of_vendor
from podium.agents.frameworks.recorder import CallRecording, Recorder, recording
from podium.agents.frameworks.sent import parts_before, parts_told
from podium.agents.langchain.history import talk_in
from podium.agents.langchain.interrupts import InterruptQuestions
from podium.errors import AgentError, BadAnswer, Refusal
from podium.model.agent import AnyAgent, Card, Shape
from podium.model.call import Call
from podium.model.json import Json, is_object
from podium.model.outcome import Done, Outcome
from podium.model.prices import Rates, nearer
from podium.model.steps import Steps, turn_of

In = TypeVar("In")
Out = TypeVar("Out")

_INTERRUPTS = "__interrupt__"
"""Where a graph that was interrupted says by what."""


class Invokable(Protocol):
    """What runs asynchronously: an agent, a graph, any Runnable."""

    async def ainvoke(self, input: Json, config: RunnableConfig | None = None) -> Json:
        """Return what it gives for an input."""
        ...


@dataclass(slots=True, kw_only=True)
class LangChainAgent(UsableAsTool, Generic[In, Out]):
    """Invokable a graph for each call; what is recorded of it is what `PodiumMiddleware` and `recorded_model` see.

    Made by `from_langchain`. Any number of calls may run at once.
    """

    card: Card
    input: Shape[In]
    output: Shape[Out]
    graph: Invokable
    state: Callable[[In, str], Json]
    """Makes what the graph is invoked with, of the input and what was wrong with the last answer."""
    answer: Callable[[Json], Out]
    config: RunnableConfig
    effects: DeclaredEffects
    rates: Rates
    streaming: bool
    terms: ToolTerms
    context: ContextRules
    """What is sent of its messages."""
    members: Sequence[AnyAgent] = ()
    """The agents of Podium that are tools of it."""

    def agents(self) -> Sequence[AnyAgent]:
        """Return the agents of Podium that are tools of it."""
        return self.members

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Invoke the graph, ask people what interrupts it, and resume it, until it ends.

        Raises RateLimited, TransportFailed, TimeoutError, Refusal (too many steps, a rejected request, used-up quota)
        and BadAnswer (what the model said cannot be used).
        """
        turn, rules = turn_of(call, steps), await context_of(self.context, call, steps)
        asked = self.input.restore(call.asked)
        earlier = await parts_before(turn, self.card.name, "object")
        recorded = CallRecording(
            steps=steps, agent=self.card.name, effects=self.effects, rates=nearer(self.rates, steps.prices.models),
            terms=self.terms, streaming=self.streaming, earlier=earlier,
        )  # fmt: skip
        talk = talk_in(turn, earlier, parts_told(call, self.card.name, "object"))
        state = self.state(asked, call.feedback)
        given = state if talk is None else talk.given(state)
        counted = UsageMetadataCallbackHandler()
        with _podium_errors(), recording(recorded, rules) as recorder:
            async with recorded.flight:
                result = await self._to_its_end(recorder, given, self._config(call, counted))
                await recorder.count_unseen(*_tokens(counted))
        answer = self.answer(result)
        if talk is not None:
            talk.say(self.state(asked, ""), given, result, rules)
        return Done(self.output.dump(answer))

    async def verify(self, call: Call) -> Outcome | None:
        """Say that it cannot be told: what a whole conversation did is known by its steps only."""
        return None

    async def _to_its_end(self, recorder: Recorder, state: Json, config: RunnableConfig) -> Json:
        graph, questions = _with_memory(self.graph), InterruptQuestions(recorder.call)
        result = await graph.ainvoke(state, config)
        while interrupts := _interrupts(result):
            recorder.check()
            answers = await questions.resume(interrupts)
            recorder.begin_again()
            result = await graph.ainvoke(answers, config)
        return result

    def _config(self, call: Call, counted: UsageMetadataCallbackHandler) -> RunnableConfig:
        own = self.config.get("callbacks")
        callbacks = own.copy() if own is not None else []
        if isinstance(callbacks, list):
            callbacks.append(counted)
        else:
            callbacks.add_handler(counted)
        configurable = {**self.config.get("configurable", {}), "thread_id": call.idempotency_key}
        return {**self.config, "callbacks": callbacks, "configurable": configurable}


def _with_memory(graph: Invokable) -> Invokable:
    """Return a graph that remembers, for one call, what it did before it was interrupted."""
    if not isinstance(graph, Pregel):
        return graph
    twin: Invokable = copy.copy(cast("Invokable", graph))
    vars(twin)["checkpointer"] = InMemorySaver()
    return twin


def _interrupts(result: Json) -> list[Interrupt]:
    return list(result.get(_INTERRUPTS, ())) if is_object(result) else []


def _tokens(counted: UsageMetadataCallbackHandler) -> tuple[int, int]:
    used = counted.usage_metadata.values()
    return sum(each["input_tokens"] for each in used), sum(each["output_tokens"] for each in used)


@contextmanager
def _podium_errors() -> Generator[None]:
    """Raise Podium's own error instead of one that has a meaning to a retry."""
    try:
        yield
    except AgentError:
        raise
    except GraphRecursionError as problem:
        raise Refusal(str(problem)) from problem
    except OutputParserException as problem:
        raise BadAnswer(str(problem)) from problem
    except Exception as problem:  # the boundary to a foreign agent: what has no meaning here is raised as it is
        ours = next((found for each in chain_of(problem) if (found := of_vendor(each)) is not None), None)
        if ours is None:
            raise
        raise ours from problem
