"""The workflow that has an agent answer a question."""

from dataclasses import dataclass, replace
from typing import Protocol

from podium.agents.schema import mismatch
from podium.engine.context import Context
from podium.engine.workflow import Workflow, workflow
from podium.errors import CallError, TeamError
from podium.model.agent_kind import ANSWERS_KIND
from podium.model.json import Json
from podium.patterns.building.inputs import PARTS, input_for

ANSWERS = "podium.answers."
"""With what the name of such a workflow begins; then comes that of the agent: whoever has the agent drives its runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentQuestion:
    """A question that was given to an agent."""

    question: str
    """Its id."""
    name: str
    """The name among the people under which the agent answers."""
    text: str
    subject: Json = None
    schema: Json = None
    """The JSON Schema of an answer; None takes any JSON."""


class AnswerActions(Protocol):
    """What an answer can do in the process that drives its run. Each does no more than once."""

    async def answer(self, given: AgentQuestion, value: Json) -> Json:
        """Answer a question; what came of it."""
        ...

    async def leave(self, given: AgentQuestion, why: str) -> Json:
        """Give a question that the agent could not answer to a person; what came of it."""
        ...


def answers(agent: str, actions: AnswerActions) -> Workflow[AgentQuestion, str]:
    """Return the workflow that has an agent answer, for the actions of this process."""

    @workflow(name=f"{ANSWERS}{agent}", description=f"Have {agent} answer a question that was given to it.")
    async def answer(ctx: Context, given: AgentQuestion) -> str:
        def wrong(value: Json) -> str | None:
            return None if given.schema is None else mismatch(value, given.schema)

        told = input_for(ctx, agent, PARTS, question=given.text, subject=given.subject, schema=given.schema)
        try:
            value = await ctx.call(agent, told, accept=wrong)
        except (CallError, TeamError) as error:
            why = str(error)
            return await ctx.once("leave", lambda: actions.leave(given, why))
        if (unfit := wrong(value)) is not None:
            return await ctx.once("leave", lambda: actions.leave(given, f"what it gave does not fit: {unfit}"))
        return await ctx.once("answer", lambda: actions.answer(given, value))

    answer.card = replace(answer.card, kind=ANSWERS_KIND)
    return answer
