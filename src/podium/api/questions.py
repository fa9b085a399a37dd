"""Questions: what waits for people, what they need to know to answer, and who of them is to."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import ConfigDict, Field

from podium.api.body import ApiBody, ApiInput, GivenMoment, Moment, moment, moment_or_none
from podium.api.lists import ListGiven
from podium.api.runs import RunBody
from podium.model.inbox_book import Absence, Remark
from podium.model.json import Json
from podium.model.question import Question, QuestionState
from podium.model.question_kinds import QuestionKind

if TYPE_CHECKING:
    from podium.facade.inbox import PersonNow
    from podium.model.conversation_state import ConversationMessage
    from podium.reports.question_context import DoneCall, InboxContext


class QuestionBody(ApiBody):
    """A question, and where it stands."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    id: str
    run: str
    key: Annotated[str, Field(description="The call of the run that asks.")]
    kind: Annotated[QuestionKind, Field(description="What people are asked for: which form fits.")]
    to: Annotated[str, Field(description="A person, group or role.")]
    assignee: Annotated[str | None, Field(description="To whom of those it was given; the others may answer too.")]
    text: str
    subject: Annotated[Json, Field(description="What it is about; of an edit the draft.")]
    answer_schema: Annotated[
        Json, Field(alias="schema", description="The JSON Schema of an answer; null takes any JSON.")
    ]
    quorum: Annotated[int, Field(description="How many different people must answer.")]
    answered_by: list[str]
    step: Annotated[str | None, Field(description="The step of the call that it is about.")]
    idempotency_key: Annotated[
        str | None, Field(description="Under which the receiver of what it is about has seen it, or will.")
    ]
    state: QuestionState
    asked_at: Moment
    deadline: Moment | None
    remind: Annotated[float | None, Field(description="Seconds until people are told again.")]
    tenant: str
    principal: Annotated[str, Field(description="On whose behalf the run asks.")]

    @classmethod
    def of(cls, question: Question) -> Self:
        """Return a question as others see it."""
        return cls(**_question_fields(question))


def _question_fields(question: Question) -> dict[str, Json]:
    ask = question.ask
    return {
        "id": question.id, "run": question.run, "key": question.key, "kind": question.kind, "to": ask.to,
        "assignee": question.assignee, "text": ask.text, "subject": ask.subject, "schema": ask.schema,
        "quorum": ask.quorum, "answered_by": list(question.answered_by), "step": question.step,
        "idempotency_key": ask.idempotency_key, "state": question.state, "asked_at": moment(question.asked_at),
        "deadline": moment_or_none(question.deadline), "remind": ask.remind, "tenant": question.tenant,
        "principal": question.principal,
    }  # fmt: skip


class DoneCallBody(ApiBody):
    """Something that a run did, in short."""

    key: str
    kind: str
    name: str
    state: Annotated[str, Field(description="done, failed, refused, expired, cancelled, or empty while it is open.")]
    gave: Annotated[str, Field(description="The beginning of its value, as JSON; empty where there is none.")]
    note: str
    seconds: float | None
    usd: float | None

    @classmethod
    def of(cls, done: "DoneCall") -> Self:
        """Return it as others see it."""
        return cls(**{name: getattr(done, name) for name in cls.model_fields})


class InboxCostBody(ApiBody):
    """What a run has come to by now, with all that it called and started."""

    usd: float
    in_doubt: float
    input_tokens: int
    output_tokens: int


class SaidBody(ApiBody):
    """A message of a conversation."""

    author: str
    at: Moment
    text: str

    @classmethod
    def of(cls, said: "ConversationMessage") -> Self:
        """Return a message as others see it."""
        return cls(author=said.author, at=moment(said.at), text=said.text)


class RemarkBody(ApiBody):
    """Something that somebody says of a question, or that it is given to somebody. It answers nothing."""

    id: str
    question: str
    by: str
    at: Moment
    text: Annotated[str, Field(description="What is said; of what gives the question to somebody, why.")]
    assignee: Annotated[str | None, Field(description="To whom it is given by this, if it is.")]

    @classmethod
    def of(cls, remark: Remark) -> Self:
        """Return a remark as others see it."""
        return cls(
            id=remark.id, question=remark.question, by=remark.by, at=moment(remark.at), text=remark.text,
            assignee=remark.assignee,
        )  # fmt: skip


class QuestionShown(QuestionBody):
    """A question with what people need to know to answer it."""

    workflow: Annotated[str, Field(description="That of the run that asks.")]
    done: Annotated[list[DoneCallBody], Field(description="What the run had done when it asked, the last of it.")]
    left_out: Annotated[int, Field(description="How many calls before these are not shown.")]
    cost: Annotated[InboxCostBody | None, Field(description="What the run has come to by now; null for nothing.")]
    former: Annotated[Json, Field(description="The draft before this one; null where there is none.")]
    diff: Annotated[list[str], Field(description="What is different in the subject, as `diff -u` shows it.")]
    reminders: Annotated[int, Field(description="How often people were told again.")]
    said_before: Annotated[list[SaidBody], Field(description="What was said last in its conversation.")]
    discussion: Annotated[list[RemarkBody], Field(description="What people said of it, and to whom it was given.")]

    @classmethod
    def shown(cls, context: "InboxContext") -> Self:
        """Return a question with its context."""
        cost = context.cost
        return cls(
            **_question_fields(context.question), workflow=context.run.workflow,
            done=[DoneCallBody.of(each) for each in context.done], left_out=context.left_out,
            cost=None if cost is None else InboxCostBody(
                usd=cost.usd, in_doubt=cost.in_doubt, input_tokens=cost.input_tokens, output_tokens=cost.output_tokens
            ),
            former=context.former, diff=list(context.diff), reminders=context.reminders,
            said_before=[SaidBody.of(each) for each in context.said_before if each.text],
            discussion=[RemarkBody.of(each) for each in context.discussion],
        )  # fmt: skip


class QuestionAnsweredBody(ApiBody):
    """What came of an answer."""

    question: QuestionBody
    run: Annotated[RunBody | None, Field(description="The run that asked, where the caller may see it.")]


class LinkBody(ApiBody):
    """A one-time link."""

    question: str
    person: Annotated[str, Field(description="Who answers with it.")]
    url: Annotated[str, Field(description="The address of the page. Whoever has it answers as that person.")]


class PersonBody(ApiBody):
    """Somebody whom questions can be given to, and how they stand."""

    name: str
    groups: list[str]
    skills: list[str]
    hours: Annotated[str, Field(description="When they work; empty is at any time.")]
    zone: Annotated[str | None, Field(description="That of their hours, and of times that they are told.")]
    capacity: Annotated[int | None, Field(description="How many open questions they are given at once.")]
    substitutes: list[str]
    agent: Annotated[str | None, Field(description="The agent that answers; null for a person.")]
    tenant: str
    open: Annotated[int, Field(description="How many open questions they have.")]
    away_until: Moment | None
    hindrance: Annotated[str | None, Field(description="Why they are given no question now; null where they can.")]

    @classmethod
    def of(cls, each: "PersonNow") -> Self:
        """Return somebody as others see them."""
        person = each.person
        return cls(
            name=each.name, groups=list(person.groups), skills=list(person.skills), hours=person.hours,
            zone=person.zone, capacity=person.capacity, substitutes=list(person.substitutes), agent=person.agent,
            tenant=person.tenant, open=each.open, away_until=moment_or_none(each.away), hindrance=each.hindrance,
        )  # fmt: skip


class AbsenceBody(ApiBody):
    """That somebody is away, or back."""

    person: str
    until: Annotated[Moment, Field(description="A time that is over says that they are back.")]
    at: Moment
    by: str

    @classmethod
    def of(cls, absence: Absence) -> Self:
        """Return it as others see it."""
        return cls(person=absence.person, until=moment(absence.until), at=moment(absence.at), by=absence.by)


class QuestionsGiven(ListGiven):
    """Which questions to list, the oldest first; their time is when they were asked."""

    state: Annotated[QuestionState | None, Field(description="Else the open ones.")] = None
    every_state: Annotated[bool, Field(description="Whether those in any state are listed.")] = False
    kind: QuestionKind | None = None
    to: Annotated[str | None, Field(description="To whom they are put.")] = None
    assignee: Annotated[str | None, Field(description="To whom they were given.")] = None
    run: str | None = None
    prefix: Annotated[str | None, Field(description="How their ids begin.")] = None

    def filters(self) -> dict[str, Json]:
        """Return the conditions as the façade takes them."""
        found = {name: value for name, value in super().filters().items() if name != "every_state"}
        return {**found, "state": None} if self.every_state and self.state is None else found


class AnswerGiven(ApiInput):
    """An answer. Who gives it is who signed in."""

    value: Annotated[Json, Field(description="What fits the `schema` of the question.")]


class CommentGiven(ApiInput):
    """Something to say of a question."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class ReassignGiven(ApiInput):
    """To whom a question is to be given."""

    to: Annotated[str | None, Field(description="Null is to whom it would be given now.", min_length=1)] = None
    reason: str = ""


class LinkGiven(ApiInput):
    """For whom a link is to be made, and for how long."""

    person: Annotated[str, Field(min_length=1, description="Who answers with it.")]
    within: Annotated[
        float | None, Field(gt=0, le=1e10, description="Seconds that it can be used; else as the settings say.")
    ] = None


class AwayGiven(ApiInput):
    """Until when somebody is away."""

    until: Annotated[GivenMoment | None, Field(description="Null says that they are back.")] = None
