"""The Podium agent around an agent of Pydantic AI."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.durable_exec import replay_scope
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model, infer_model
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import UsageLimits

from podium.agents.per_loop import PerLoop
from podium.agents.pydantic_ai.bound import MOST_OUTPUT
from podium.agents.pydantic_ai.capability import PodiumSteps
from podium.agents.pydantic_ai.effects import DeclaredEffects
from podium.agents.pydantic_ai.failure import podium_errors
from podium.agents.pydantic_ai.flight import Flight
from podium.agents.pydantic_ai.recording import Recording, StepsBackend
from podium.agents.pydantic_ai.streaming import text_to
from podium.model.agent import Card, Shape
from podium.model.call import Call
from podium.model.outcome import Done, Outcome
from podium.model.prices import Rates, nearer
from podium.model.steps import Steps

In = TypeVar("In")
Out = TypeVar("Out")
D = TypeVar("D")

Prompt = str | Sequence[UserContent]
"""What the model is asked: text, or text with pictures, sound and documents."""


@dataclass(slots=True, kw_only=True)
class LlmAgent(Generic[In, Out, D]):
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
    rates: Rates
    streaming: bool
    limits: UsageLimits | None
    models: PerLoop[Model] | None = None
    """The model that is named, for each event loop: its client's connections belong to one."""

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Ask the model until it has an answer that fits the output.

        Raises RateLimited, TransportFailed, TimeoutError, Refusal (content filter, rejected request, used-up quota,
        usage limit) and BadAnswer (no fitting answer after as many corrections as the agent allows).
        """
        model = self._chosen_model()
        prompt = _with_feedback(self.prompt(self.input.restore(call.input)), call.feedback)
        with podium_errors(), replay_scope():
            async with Flight() as flight:
                capped = steps.budgeted and not self._says_max_tokens(model)
                rates = nearer(self.rates, steps.prices.models)
                recording = Recording(steps=steps, flight=flight, effects=self.effects, rates=rates, capped=capped)
                result = await self.agent.run(
                    prompt,
                    model=model,
                    deps=self.deps(call, steps),
                    capabilities=[self._capability(recording, model)],
                    model_settings=_single_capped_attempt if capped else _single_attempt,
                    usage_limits=self.limits,
                    run_id=call.idempotency_key,
                    conversation_id=call.idempotency_key,
                    infer_name=False,
                )
        return Done(self.output.dump(result.output))

    async def verify(self, call: Call) -> Outcome | None:
        """Say that it cannot be told: what a whole conversation did is known by its steps only."""
        return None

    def _says_max_tokens(self, model: Model | None) -> bool:
        """Whether the agent, or its model, says how long an answer may be; settings made by a function are taken to."""
        said = cast("ModelSettings | Callable[..., ModelSettings] | None", getattr(self.agent, "model_settings", None))
        return callable(said) or "max_tokens" in {**(said or {}), **((model and model.settings) or {})}

    def _capability(self, recording: Recording, model: Model | None) -> PodiumSteps[D]:
        return PodiumSteps(
            StepsBackend(recording, agent=self.card.name),
            name=self.card.name,
            models={} if model is None else {"podium": model},
            event_stream_handler=text_to(recording.steps) if self.streaming else None,
        )

    def _chosen_model(self) -> Model | None:
        """Return the model to run, building one that is named when it is first needed: its vendor wants a key then.

        None where capabilities of the agent choose.
        """
        if self.models is None:
            model = self.model
            if model is None and not self.agent.root_capability.has_resolve_model_id:
                model = self.agent.model
            if not isinstance(model, str):
                return model
            self.models = PerLoop(partial(infer_model, model))
        return self.models.get()


def _single_capped_attempt(ctx: RunContext[object]) -> ModelSettings:
    """The same under a budget, for an agent that does not say how long an answer may be."""
    settings = _single_attempt(ctx)
    settings["max_tokens"] = MOST_OUTPUT
    return settings


def _with_feedback(prompt: Prompt, feedback: str) -> Prompt:
    """Tell the model what was wrong with its last answer, where there was one."""
    if not feedback:
        return prompt
    told = f"Your last answer was not accepted: {feedback}\nAnswer again, and mend that."
    return f"{prompt}\n\n{told}" if isinstance(prompt, str) else [*prompt, told]


def _single_attempt(ctx: RunContext[object]) -> ModelSettings:
    """Switch off the retries of the vendor's own client: they are Podium's, and recorded."""
    if "max_retries" in cast(Model[object], ctx.model).unsupported_settings:
        return ModelSettings()
    return ModelSettings(max_retries=0)
