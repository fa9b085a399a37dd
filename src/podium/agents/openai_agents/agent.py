"""The Podium agent around an agent of the OpenAI Agents SDK."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from agents import ModelProvider, ModelSettings, RunConfig, Runner, TResponseInputItem
from agents.models.interface import Model
from agents.retry import ModelRetrySettings

from podium.agents.agent_tool import UsableAsTool
from podium.agents.context.applying import ContextRules, context_of
from podium.agents.frameworks.approvals import ToolTerms
from podium.agents.frameworks.effects import DeclaredEffects
from podium.agents.frameworks.prompt import correction
from podium.agents.frameworks.recorder import CallRecording, recording
from podium.agents.frameworks.sent import parts_before, parts_told
from podium.agents.openai_agents.failure import podium_errors
from podium.agents.openai_agents.history import items_of, said_by
from podium.agents.openai_agents.model import PROVIDER, RecordingModel, RecordingProvider
from podium.agents.openai_agents.recorded import Clones, SdkAgent
from podium.agents.openai_agents.tools import noticing
from podium.errors import UsageError
from podium.model.agent import AnyAgent, Card, Shape
from podium.model.call import Call
from podium.model.outcome import Done, Outcome
from podium.model.prices import Rates, nearer
from podium.model.steps import Steps, turn_of

In = TypeVar("In")
Out = TypeVar("Out")

Input = str | Sequence[TResponseInputItem]
"""What the agent is asked: text, or items of a conversation."""

_UNRETRIED = ModelSettings(retry=ModelRetrySettings(max_retries=0))
"""Neither the runner nor the client of the vendor tries again: that is Podium's, which records it."""


@dataclass(slots=True, kw_only=True)
class OpenAIAgent(UsableAsTool, Generic[In, Out]):
    """Runs an agent of the OpenAI Agents SDK for each call, every model request and tool call of it a step.

    Made by `from_openai_agents`. Any number of calls may run at once.
    """

    card: Card
    input: Shape[In]
    output: Shape[Out]
    agent: SdkAgent
    prompt: Callable[[In], Input]
    run_context: Callable[[Call, Steps], object]
    run_config: RunConfig
    max_turns: int
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
        """Run the agent, and those that it hands over to, until one has an answer.

        Raises RateLimited, TransportFailed, TimeoutError, Refusal (a tripwire of a guardrail, too many turns, a
        rejected request, used-up quota) and BadAnswer (what the model said cannot be used).
        """
        asked, turn = self.prompt(self.input.restore(call.asked)), turn_of(call, steps)
        earlier = await parts_before(turn, self.card.name, "text")
        said = [*(() if earlier is None else earlier.messages), *parts_told(call, self.card.name, "text")]
        items = _after(items_of(said), _with_feedback(asked, call.feedback))
        recorded = CallRecording(
            steps=steps, agent=self.card.name, main=self.agent.name, effects=self.effects,
            rates=nearer(self.rates, steps.prices.models), terms=self.terms, streaming=self.streaming,
            earlier=earlier,
        )  # fmt: skip
        rules, config = await context_of(self.context, call, steps), self._config()
        twin = Clones(keeps_names=isinstance(config.model, str)).of(self.agent)
        token = PROVIDER.set(config.model_provider)
        try:
            with podium_errors(), recording(recorded, rules) as recorder:
                async with recorded.flight:
                    result = await Runner.run(
                        twin, items, context=self.run_context(call, steps), run_config=config, max_turns=self.max_turns
                    )
                usage = result.context_wrapper.usage
                await recorder.count_unseen(usage.input_tokens, usage.output_tokens)
        finally:
            PROVIDER.reset(token)
        if result.interruptions:
            raise UsageError(_waits(self.card.name, [each.name or "" for each in result.interruptions]))
        if turn is not None:
            turn.add(said_by(asked, result) if rules is None else rules.kept_with(said_by(asked, result)))
        return Done(self.output.dump(result.final_output))

    async def verify(self, call: Call) -> Outcome | None:
        """Say that it cannot be told: what a whole conversation did is known by its steps only."""
        return None

    def _config(self) -> RunConfig:
        """Return how the SDK runs it: with models that are recorded, and without retries of its own."""
        given = self.run_config
        provider: ModelProvider = RecordingProvider(given.model_provider)
        model = RecordingModel(given.model) if isinstance(given.model, Model) else given.model
        settings = (given.model_settings or ModelSettings()).resolve(_UNRETRIED)
        return replace(
            given, model_provider=provider, model=model, model_settings=settings,
            tool_error_formatter=noticing(given.tool_error_formatter),
        )  # fmt: skip


def _with_feedback(items: Input, feedback: str) -> str | list[TResponseInputItem]:
    """Tell the model what was wrong with its last answer, where there was one."""
    if isinstance(items, str):
        return f"{items}\n\n{correction(feedback)}" if feedback else items
    told: list[TResponseInputItem] = [{"role": "user", "content": correction(feedback)}] if feedback else []
    return [*items, *told]


def _after(before: list[TResponseInputItem], items: str | list[TResponseInputItem]) -> str | list[TResponseInputItem]:
    if not before:
        return items
    return [*before, *([{"role": "user", "content": items}] if isinstance(items, str) else items)]


def _waits(agent: str, tools: Sequence[str]) -> str:
    return (
        f"agent {agent} stopped for the approval of {', '.join(tools)}, which are tools that Podium does not see: "
        "wrap the agent that has them with recorded(…), or ask about hosted tools in a policy of your own"
    )
