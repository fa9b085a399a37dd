"""The Podium agent around an agent of Pydantic AI."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.capabilities import ReinjectSystemPrompt
from pydantic_ai.durable_exec import replay_scope
from pydantic_ai.exceptions import RunCancelled
from pydantic_ai.external_events import external_event_scope
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model
from pydantic_ai.usage import RunUsage, UsageLimits

from podium.agents.agent_tool import UsableAsTool
from podium.agents.context.applying import ContextRules, context_of
from podium.agents.frameworks.approvals import ToolTerms
from podium.agents.frameworks.effects import DeclaredEffects
from podium.agents.frameworks.ending_tool import EndingTool
from podium.agents.frameworks.flight import Flight
from podium.agents.frameworks.prompt import correction
from podium.agents.per_loop import PerLoop
from podium.agents.pydantic_ai.boundary import record_all
from podium.agents.pydantic_ai.capability import recording_capabilities
from podium.agents.pydantic_ai.endings import Endings
from podium.agents.pydantic_ai.failure import podium_errors
from podium.agents.pydantic_ai.named import named_model, unless_overridden
from podium.agents.pydantic_ai.outputs import OutputCodec
from podium.agents.pydantic_ai.outside import InboxWaiter
from podium.agents.pydantic_ai.scope import AgentScope, Recording
from podium.agents.pydantic_ai.shared import SharedUsage
from podium.agents.pydantic_ai.turn import TalkSoFar, history_of
from podium.agents.pydantic_ai.whole import Unfinished
from podium.errors import ConfigError, Refusal
from podium.model.agent import AnyAgent, Card, Shape
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.prices import Rates, nearer
from podium.model.steps import Steps, turn_of

In = TypeVar("In")
Out = TypeVar("Out")
D = TypeVar("D")
T = TypeVar("T")

record_all()

Prompt = str | Sequence[UserContent]
"""What the model is asked: text, or text with pictures, sound and documents."""


@dataclass(slots=True, kw_only=True)
class LlmAgent(UsableAsTool, Generic[In, Out, D]):
    """Runs an agent of Pydantic AI for each call, every model request and tool call of it a step.

    Made by `llm_agent` and `from_pydantic_ai`. Any number of calls may run at once.
    """

    card: Card
    input: Shape[In]
    output: Shape[Out]
    agent: AbstractAgent[D, Out]
    model: Model | str | None
    """Used instead of the agent's own."""
    prompt: Callable[[In], Prompt]
    deps: Callable[[Call, Steps], D]
    effects: DeclaredEffects
    tools: Collection[str]
    """The names of those of its tools that are known before it runs."""
    rates: Rates
    streaming: bool
    limits: UsageLimits | None
    unfinished: Unfinished
    terms: ToolTerms
    """What holds for its tools."""
    context: ContextRules = ()
    """What is sent of its messages."""
    members: Sequence[AnyAgent] = ()
    """The agents that are tools of it."""
    models: PerLoop[Model] | None = None
    """The model that is named, for each event loop: its client's connections belong to one."""

    endings: Endings | None = None
    """The tools that end its turn besides its answer; None where there are none."""

    def ending_with(
        self, tools: Sequence[EndingTool], *, kind: type[object], answer: Callable[[Json], object],
        gives: Shape[T], version: str,
    ) -> "LlmAgent[In, T, D]":  # fmt: skip
        """Return it as an agent whose turn may also end with one of these tools, which give a `kind`.

        It is a version of its own, as it is asked for other things. What it gives is the `kind`, or what `answer` makes
        of an answer. Raises ConfigError where its output lets a model use no such tools.
        """
        endings = Endings(tools=tools, own=self.output, kind=kind, answer=answer)
        endings.spec(self.agent.output_type, self.card.name)
        card = replace(self.card, version=version, output_schema=gives.schema, knows_tools=False)
        return cast("LlmAgent[In, T, D]", replace(self, card=card, output=cast("Any", gives), endings=endings))

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Ask the model until it has an answer that fits the output.

        Raises RateLimited, TransportFailed, TimeoutError, Refusal (content filter, rejected request, used-up quota,
        usage limit, no key for the model) and BadAnswer (no fitting answer after as many corrections as the agent
        allows).
        """
        asked = self.prompt(self.input.restore(call.asked))
        turn = turn_of(call, steps)
        prompt, history = _with_feedback(asked, call.feedback), await history_of(turn, call, self.card.name)
        usage, recording = RunUsage(), self._recording(call, steps, history)
        scope = AgentScope(recording, SharedUsage(usage), streaming=self.streaming)
        context = scope.context = await context_of(self.context, call, steps)
        own = recording_capabilities(scope, name=self.card.name, output=self._output)
        model, missing = self._chosen_model()
        with (
            podium_errors(),
            unless_overridden(missing),
            replay_scope(),
            recording.open(),
            scope.entered(),
            external_event_scope(InboxWaiter(scope)),
        ):
            async with recording.flight:
                result = await self.agent.run(
                    prompt,
                    output_type=self._outputs(),
                    model=model,
                    deps=self.deps(call, steps),
                    message_history=None if history is None else history.messages,
                    capabilities=[*_own_prompt(history), *own],
                    usage=usage,
                    usage_limits=self.limits,
                    run_id=call.idempotency_key,
                    conversation_id=call.idempotency_key if turn is None else turn.name,
                    infer_name=False,
                )
        if history is not None:
            history.say(result.new_messages(), asked, scope.outputs, context)
        ended = result.output if self.endings is None else self.endings.ended_with(result.output)
        return Done(self.output.dump(cast("Out", ended)))

    def _outputs(self) -> None:
        """Return what its run may come to; None, as the type says, where that is what the agent is made for."""
        if self.endings is not None:
            return cast("None", self.endings.spec(self.agent.output_type, self.card.name))
        return None

    def agents(self) -> Sequence[AnyAgent]:
        """Return the agents that are tools of it."""
        return self.members

    def require_model(self) -> None:
        """Raise ConfigError where the model that it names cannot be asked here: no key, no package, no such model."""
        if self.models is None and isinstance(name := self._model_to_choose(), str):
            named_model(name, self.card.name)

    async def verify(self, call: Call) -> Outcome | None:
        """Say that it cannot be told: what a whole conversation did is known by its steps only."""
        return None

    def _recording(self, call: Call, steps: Steps, history: TalkSoFar | None) -> Recording:
        return Recording(
            steps=steps,
            flight=Flight(RunCancelled),
            effects=self.effects,
            rates=nearer(self.rates, steps.prices.models),
            unfinished=self.unfinished,
            tools=self.tools,
            agent=self.card.name,
            attempt=call.attempt,
            terms=self.terms,
            earlier=None if history is None else history.earlier,
        )

    def _output(self, function: str | None) -> OutputCodec:
        own: Shape[Any] = self.output if self.endings is None or self.endings.has(function) else self.endings.own
        return OutputCodec(own.dump, own.restore)

    def _chosen_model(self) -> tuple[Model | None, ConfigError | None]:
        """Return the model to run instead of the agent's own, and what keeps one that is named from being made.

        None where the agent, its capabilities or `agent.override` choose.
        """
        if self.models is None:
            model = self._model_to_choose()
            if not isinstance(model, str):
                return model, None
            self.models = PerLoop(partial(named_model, model, self.card.name))
        try:
            return self.models.get(), None
        except ConfigError as missing:
            if self.model is not None:
                raise Refusal(str(missing), not_done=True) from missing
            return None, missing

    def _model_to_choose(self) -> Model | str | None:
        model, chooses = self.model, self.agent.root_capability
        if model is None and not chooses.has_resolve_model_id and chooses.get_model() is None:
            own = self.agent.model
            model = own if isinstance(own, str) else None
        return model


def _own_prompt(history: TalkSoFar | None) -> list[ReinjectSystemPrompt[object]]:
    """Have an agent that begins with a history begin with its own system prompt, if it has one, all the same."""
    return [ReinjectSystemPrompt()] if history is not None and (history.said or history.told) else []


def _with_feedback(prompt: Prompt, feedback: str) -> Prompt:
    """Tell the model what was wrong with its last answer, where there was one."""
    if not feedback:
        return prompt
    told = correction(feedback)
    return f"{prompt}\n\n{told}" if isinstance(prompt, str) else [*prompt, told]
