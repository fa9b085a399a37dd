"""What is recorded under one key of a run, and of one step."""

from dataclasses import dataclass, field

from podium.model.empty import empty
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked, AttemptFailed, Held, StepDone
from podium.model.facts.waits import ChildAwaited, ChildSpawned, QuestionAnswered, QuestionAsked, SignalAwaited
from podium.model.json import Json
from podium.model.question import PersonAnswer
from podium.model.step import is_step_path

Asking = tuple[str, bytes | None]
"""What is asked for: of a call the agent and the input."""


def asking_call(agent: str, payload: bytes | None, conversation: str | None = None) -> Asking:
    """Return what a call asks for: of an agent, in a conversation if it has its turn in one."""
    if conversation is None:
        return agent, payload
    return agent, b"%b\0%b" % (b"" if payload is None else payload, conversation.encode())


def asking_signal(name: str) -> Asking:
    """Return what a wait for a signal asks for."""
    return f"signal\0{name}", None


def asking_child(workflow: str, digest: str) -> Asking:
    """Return what one asks for who spawns a child run with an input of this digest."""
    return f"spawn\0{workflow}", digest.encode()


def asking_result(run: str) -> Asking:
    """Return what a wait for the result of a child run asks for."""
    return f"result\0{run}", None


def asking_question(kind: str, to: str, quorum: int, text: str, shown: bytes) -> Asking:
    """Return what a question of a workflow asks for: what people are shown, who they are, and how many of them."""
    return f"question\0{kind}\0{to}\0{quorum}\0{text}", shown


@dataclass(slots=True)
class PutAside:
    """What was asked for before a retry, and that the code does not ask for any more where it did."""

    key: str
    asking: Asking
    answer: Fact | None
    """None where it gave no value, or more hangs on it."""
    opened: Fact | None = None
    """How it began."""


Subject = tuple[str | None, str | None]
"""What a question is about: the step of the call, if it is about one, and the rule that asks, if one does."""


@dataclass(slots=True)
class Inquiry:
    """A question, and the answers to it."""

    said: QuestionAsked
    answers: tuple[PersonAnswer, ...] | None = None
    """None until they are consumed."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return self.said.step, self.said.rule


@dataclass(slots=True)
class KeyState:
    """What is recorded under one key."""

    opened: Fact | None = None
    """How it began; None where it was cancelled before it did."""
    answered: Fact | None = None
    retry: AttemptFailed | None = None
    """The last failed attempt that was to be followed by another."""
    intent_recorded: bool = True
    """Whether the body of its last attempt may have been started; after a retry or a wait an intent says so."""
    held: Held | None = None
    """A time that it has to wait for, where that was recorded after the last retry."""
    granted: dict[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What people said to rules that asked about it and let it pass, by rule."""
    questions: dict[Subject, Inquiry] = field(default_factory=empty(dict[Subject, Inquiry]))
    """What people were asked for it, the last about each subject."""
    cancelled: bool = False
    inside: list[PutAside] = field(default_factory=empty(list[PutAside]))
    """Of a workflow that is over and that the code has not asked for since a retry: the calls that it made."""
    undos: list[Fact] = field(default_factory=empty(list[Fact]))
    """Compensations that an inline workflow under this key left behind when it succeeded."""

    def note_retry(self, said: AttemptFailed) -> None:
        """Take in that an attempt has failed, and that another one follows."""
        kept = self._lineage == said.lineage
        self.questions = {at: each for at, each in self.questions.items() if kept and is_step_path(at[0])}
        self.retry, self.held = said, None
        self.intent_recorded = False
        if said.begins_fallback:
            self.granted.clear()  # what the agent was allowed, its fallback is not

    def note_question(self, fact: Fact, said: QuestionAsked | QuestionAnswered) -> None:
        """Take in a question, or the answers to it."""
        if isinstance(said, QuestionAnswered):
            for inquiry in self.questions.values():
                if inquiry.said.question == said.question:
                    inquiry.answers = said.answers
            if said.granted:
                self.granted.pop(said.granted, None)
                self.granted[said.granted] = said.answers[0].value
            return
        inquiry = Inquiry(said)
        self.questions[inquiry.subject] = inquiry
        if said.rule is not None:
            self.intent_recorded = False
        if self.opened is None:
            self.opened = fact

    def note_step(self, path: str) -> None:
        """Take in that a step is done: what people were asked about it and have not said is of no use any more."""
        for subject, inquiry in list(self.questions.items()):
            if subject[0] == path and inquiry.answers is None:
                del self.questions[subject]

    def note_intent(self, path: str) -> None:
        """Take in that an effect is begun, or did not happen: what people said of its doubt is settled."""
        inquiry = self.questions.get((path, None))
        if inquiry is not None and inquiry.answers is not None and inquiry.said.kind == "in_doubt":
            del self.questions[path, None]

    @property
    def own_question(self) -> Inquiry | None:
        """The question that is asked here and is about nothing else."""
        return self.questions.get((None, None))

    @property
    def _lineage(self) -> int:
        if self.retry is not None:
            return self.retry.lineage
        return 1 if self.asked is None else self.asked.lineage

    @property
    def plain_answer(self) -> Fact | None:
        """The answer that a call gave, if nothing else hangs on it: no compensation, no answer in another's place."""
        end = self.answered
        whole = end is not None and isinstance(done := end.content, AnsweredDone) and not done.degraded
        return end if whole and not self.undos else None

    @property
    def asking(self) -> Asking | None:
        """What it asks for, if what it was given can be taken over elsewhere: a call, a signal, or a child run."""
        opened = self.opened
        match None if opened is None else opened.content:
            case Asked(agent=agent) as said if opened is not None:
                return asking_call(agent, opened.payload, said.conversation)
            case SignalAwaited(name=name):
                return asking_signal(name)
            case ChildSpawned(workflow=workflow, digest=digest) if digest is not None:
                return asking_child(workflow, digest)
            case ChildAwaited(name=name):
                return asking_result(name)
            case QuestionAsked(to=to, text=text) as said if opened is not None and opened.payload is not None:
                return asking_question(said.kind, to, said.quorum, text, opened.payload)
            case _:
                return None

    @property
    def given(self) -> Fact | None:
        """What it was given, as far as that can be taken over elsewhere."""
        spawned = self.opened is not None and isinstance(self.opened.content, ChildSpawned)
        return self.opened if spawned else self.plain_answer

    @property
    def asked(self) -> Asked | None:
        """What began it, if it is a call."""
        said = None if self.opened is None else self.opened.content
        return said if isinstance(said, Asked) else None


@dataclass(slots=True)
class StepRecord:
    """What is recorded of one step."""

    name: str = ""
    intent: Fact | None = None
    done: Fact | None = None
    usable: bool = True
    """Whether a later attempt may be handed its value; not what could not be used, or another agent did."""
    deferred: bool = False
    """Whether its function has done its part since it was begun last, and the value comes from somebody else."""

    @property
    def handed_back(self) -> bool:
        """Whether its value is that of the same step in an earlier attempt."""
        return self.done is not None and isinstance(said := self.done.content, StepDone) and said.from_step is not None
