"""Who did what for whom, why it was allowed, what people decided, and at what price."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, Moment, moment, moment_or_none
from podium.model.json import Json

if TYPE_CHECKING:
    from podium.reports.audit_report import AuditReport, ReportedQuestion, ReportedRun


class ReportedCostBody(ApiBody):
    """What was spent on an agent."""

    agent: str
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float
    in_doubt_usd: float
    unpriced: int


class ReportedCallBody(ApiBody):
    """A call of an agent, or a child run."""

    at: str
    caller: str
    agent: str
    version: str
    key: str
    outcome: Annotated[str, Field(description="`done`, `failed`, `refused`, …; empty where it has not ended.")]
    reason: str


class ReportedRuleBody(ApiBody):
    """What a policy, a delegation or a guard decided."""

    at: str
    rule: str
    decision: str
    what: str
    reason: str


class ReportedAnswerBody(ApiBody):
    """What a person said."""

    at: Moment
    by: str
    said: Json


class ReportedQuestionBody(ApiBody):
    """A question to people, and what came of it."""

    at: str
    text: str
    to: str
    kind: str
    rule: str | None
    quorum: int
    answers: list[ReportedAnswerBody]
    answered_by: list[str]

    @classmethod
    def of(cls, asked: "ReportedQuestion") -> Self:
        """Return a question of a report as others see it."""
        answers = [ReportedAnswerBody(at=moment(each.at), by=each.by, said=each.said) for each in asked.answers]
        return cls(
            at=asked.at, text=asked.text, to=asked.to, kind=asked.kind, rule=asked.rule, quorum=asked.quorum,
            answers=answers, answered_by=list(asked.answered_by),
        )  # fmt: skip


class ReportedChangeBody(ApiBody):
    """What was done to the run from outside."""

    at: str
    what: str
    by: str
    reason: str


class ReportedRunBody(ApiBody):
    """A run, and what was done in it. Times are in ISO 8601, UTC."""

    run: str
    workflow: str
    version: str
    tenant: str
    principal: str
    grantor: str | None
    grantee: str | None
    started_by: str | None
    state: str
    reason: str
    started: str
    ended: str | None
    calls: list[ReportedCallBody]
    rules: list[ReportedRuleBody]
    questions: list[ReportedQuestionBody]
    changes: list[ReportedChangeBody]

    @classmethod
    def of(cls, run: "ReportedRun") -> Self:
        """Return a run of a report as others see it."""
        return cls(
            run=run.run, workflow=run.workflow, version=run.version, tenant=run.tenant, principal=run.principal,
            grantor=run.grantor, grantee=run.grantee, started_by=run.started_by, state=run.state, reason=run.reason,
            started=run.started, ended=run.ended,
            calls=[
                ReportedCallBody(at=x.at, caller=x.caller, agent=x.agent, version=x.version, key=x.key,
                                 outcome=x.outcome, reason=x.reason)
                for x in run.calls
            ],
            rules=[
                ReportedRuleBody(at=x.at, rule=x.rule, decision=x.decision, what=x.what, reason=x.reason)
                for x in run.rules
            ],
            questions=[ReportedQuestionBody.of(each) for each in run.questions],
            changes=[ReportedChangeBody(at=x.at, what=x.what, by=x.by, reason=x.reason) for x in run.changes],
        )  # fmt: skip


class AuditReportBody(ApiBody):
    """What was done in a run with all that it started, or for a tenant."""

    about: Annotated[dict[str, str], Field(alias="for", description="`run` or `tenant`, by name.")]
    since: Moment | None
    usd: float
    costs: list[ReportedCostBody]
    runs: list[ReportedRunBody]

    @classmethod
    def of(cls, report: "AuditReport") -> Self:
        """Return a report as others see it."""
        costs = [
            ReportedCostBody(agent=cost.part, calls=cost.calls, input_tokens=cost.input_tokens,
                             output_tokens=cost.output_tokens, usd=cost.usd, in_doubt_usd=cost.in_doubt,
                             unpriced=cost.unpriced)
            for cost in report.costs
        ]  # fmt: skip
        runs = [ReportedRunBody.of(run) for run in report.runs]
        since = moment_or_none(report.since)
        return cls.model_validate(
            {"for": dict(report.about), "since": since, "usd": report.usd, "costs": costs, "runs": runs}
        )


class AuditLineBody(ApiBody):
    """Who did what: a call, a question, a rule, an end, as one fact of a run has it."""

    at: Moment
    run: str
    seq: Annotated[int, Field(description="The place of the fact in its run.")]
    what: Annotated[str, Field(description="The kind of the fact, such as `asked` or `answered`.")]
    key: Annotated[str, Field(description="The call, question or wait that it is about; empty for the run itself.")]
    tenant: str
    principal: str
    workflow: str
    caller: Annotated[str | None, Field(description="Of a call: the workflow that made it.")] = None
    agent: Annotated[str | None, Field(description="Of a call: who was called.")] = None
    version: str | None = None
    said: Annotated[dict[str, Json], Field(description="What the fact says, without inputs and values.")]
    by: Annotated[list[str] | None, Field(description="Of an answer: the people who gave it.")] = None
    payload_digest: Annotated[str | None, Field(description="SHA-256 of its input or value, where it has one.")] = None
    payload: Annotated[Json, Field(description="Its input or value, where that is asked for.")] = None
    voided: Annotated[bool, Field(description="Whether it does not count: the run went on from before it.")] = False


def seconds_or_none(at: datetime | None) -> float | None:
    """Return a time as seconds since 1970, where there is one."""
    return None if at is None else at.timestamp()
