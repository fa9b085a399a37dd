"""Every attempt is a span, where the program has set up OpenTelemetry."""

from podium import telemetry
from podium.dispatch.dispatcher import Handler
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Failed, Outcome
from podium.model.rule_steps import RuleSteps


def tracing(card: Card, handler: Handler) -> Handler:
    """Trace each attempt, named after its agent, as a GenAI agent call (OpenTelemetry semantic conventions)."""
    if not telemetry.recording():
        return handler
    name = f"invoke_agent {card.name}"

    async def traced(call: Call, steps: RuleSteps) -> Outcome:
        attributes: dict[str, str | int | float] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": call.agent,
            "gen_ai.agent.version": call.version,
            "podium.run": call.run,
            "podium.key": call.key,
            "podium.attempt": call.attempt,
        }
        with telemetry.span(name, attributes) as span:
            outcome = await handler(call, steps)
            span.set_attribute("podium.outcome", type(outcome).__name__.lower())
            if isinstance(outcome, Failed):
                span.set_attribute("error.type", outcome.failure.type)
            return outcome

    return traced
