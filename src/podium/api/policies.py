"""Policies: who may do what, and what the rules would decide."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from podium import lazy
from podium.api.body import ApiBody, ApiInput
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision

if TYPE_CHECKING:
    from podium.facade import policies
else:
    policies = lazy.module("podium.facade.policies")


class RuleBody(ApiBody):
    """A rule of the file of policies."""

    line: Annotated[str, Field(description="Where it stands in the file, or `built in`.")]
    rule: str
    effect: Literal["permit", "forbid"]
    asks: Annotated[str, Field(description="Who is asked where it forbids; empty where nobody is.")]


class ExplainGiven(ApiInput):
    """A call, or a use of a tool, that might happen."""

    agent: Annotated[str, Field(description="The agent that is called.", min_length=1)]
    user: Annotated[str | None, Field(description="On whose behalf; else whoever asks.", min_length=1)] = None
    tenant: Annotated[str | None, Field(description="Of the run; else that of whoever asks.", min_length=1)] = None
    callers: Annotated[tuple[str, ...], Field(description="The workflows on the way to it, the outermost first.")] = ()
    tool: Annotated[str | None, Field(description="A tool that the agent uses.", min_length=1)] = None
    input: Annotated[Json, Field(description="The input, of a tool its arguments; leave out what is not known.")] = None
    request: Annotated[Json, Field(description="The input of the run that the user started.")] = None
    run_input: Annotated[Json, Field(description="The input of the run itself.")] = None
    call_input: Annotated[Json, Field(description="Of a tool: the input of the agent that uses it.")] = None

    def supposed(self, user: str, tenant: str) -> "policies.SupposedCall":
        """Return the call, on behalf of a user of a tenant where nobody else is named."""
        said = {name: getattr(self, name) for name in policies.INPUTS if name in self.model_fields_set}
        return policies.SupposedCall(
            agent=self.agent, principal=self.user or user, tenant=self.tenant or tenant, callers=self.callers,
            tool=self.tool, said=said,
        )  # fmt: skip


class DecisionBody(ApiBody):
    """What is decided."""

    decision: Literal["allow", "deny", "ask"]
    rule: Annotated[str | None, Field(description="The rule that says so; null where everything may be.")]
    reason: str = ""
    to: Annotated[str | None, Field(description="Who is asked.")] = None
    within: Annotated[float | None, Field(description="Seconds after which no answer counts as a no.")] = None

    @classmethod
    def of(cls, decision: PolicyDecision) -> Self:
        """Return a decision as others see it."""
        match decision:
            case Allowed(rule):
                return cls(decision="allow", rule=rule)
            case Denied(rule, reason):
                return cls(decision="deny", rule=rule, reason=reason)
            case Asks(rule, to, reason, within):
                return cls(decision="ask", rule=rule, to=to, reason=reason, within=within)


class ExplainedBody(ApiBody):
    """What would be decided about a call."""

    decisions: Annotated[
        list[DecisionBody],
        Field(description="The decision, and after each question what is decided once it is answered with yes."),
    ]
    unknown: Annotated[list[str], Field(description="Why a run may decide otherwise.")]
    trust: Annotated[int | None, Field(description="How far the agent is trusted, of 100, where a rule asks for it.")]

    @classmethod
    def of(cls, found: "policies.PolicyExplanation") -> Self:
        """Return an explanation as others see it."""
        decisions = [DecisionBody.of(each) for each in found.decisions]
        return cls(decisions=decisions, unknown=list(found.unknown), trust=found.trust)
