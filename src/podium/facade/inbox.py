"""`app.inbox`: what waits for people, answering it, and who is to."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from podium.agents.jsonable import json_copy
from podium.agents.schema import mismatch
from podium.errors import AlreadyAnswered, InvalidValue, NotAllowed, NotPossible, UnknownQuestion
from podium.facade.linked import LinkedQuestion
from podium.facade.questions import Questions
from podium.facade.scope import Scope
from podium.model.duration import FINITE, Duration, in_seconds
from podium.model.expected import MOMENT, NAME, TEXT, or_none
from podium.model.inbox_book import Absence, Remark
from podium.model.json import Json
from podium.model.link import LINKED_FROM
from podium.model.people import People
from podium.model.person import Person, folded, is_same
from podium.model.principal import INSTALLATION, Principal
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.model.storable import check_name
from podium.store.asking import KeepRemark, Reply
from podium.store.operations import CommitVerdict
from podium.store.protocol import QuestionQuery, walk

_LONGEST = 20_000
"""Characters of a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNow:
    """How somebody stands whom questions can be given to."""

    name: str
    person: Person
    open: int
    """How many open questions they were given."""
    away: float | None
    """Until when they are away, in seconds since 1970; None where they are not."""
    hindrance: str | None
    """Why they are given no question now; None where they can be given one."""


class Inbox(Questions):
    """Looks at what waits for people, answers it, and says who is to."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._scope = scope

    async def answer(self, question_id: str, value: Json, *, by: str | None = None, again: bool = False) -> None:
        """Answer a question, in the name of the principal; the operator of the app may say `by` whom.

        With `again` it may have been sent before, such as where nobody was told whether it arrived: the same answer of
        the same person is the one that is there then, and no error.
        Raises UnknownQuestion, AlreadyAnswered, InvalidValue where the value does not fit, and NotAllowed where the
        question is put to somebody else.
        """
        parts, who = self._scope.parts, self._scope.name_of(by)
        self._scope.must_answer("answer questions")
        question = await self.get(question_id)
        await self._must_be_asked(question, who)
        _check_answer(question, value)
        json_copy(value, "JSON as the answer")
        answer = PersonAnswer(by=who, value=value, at=parts.clock.now())
        verdict, _ = await parts.worker.commits.submit(Reply(question_id, answer, again))
        if verdict is CommitVerdict.CLOSED:
            now = _standing(await self._scope.store.question(question_id))
            raise AlreadyAnswered(f"question {question_id} is {now}: too late to answer it")
        if verdict is CommitVerdict.DUPLICATE:
            raise AlreadyAnswered(f"{who} has answered question {question_id} already; it waits for other people")

    async def link(self, question_id: str, *, for_: str, within: Duration | None = None) -> str:
        """Return the address of a page on which one person answers this question, once, and sees what it is about.

        It ends after `within` seconds (`[podium.links]` says how many if this does not), and with the question.
        Whoever has it answers as the person `for_`: send it to nobody else. Opening it changes nothing.
        Raises UnknownQuestion, NotPossible where the question is no longer open, and NotAllowed for a principal who is
        no operator, unless it is put to them and the link is for themselves.
        """
        scope = self._scope
        parts, user = scope.parts, scope.principal
        NAME.check("for_ of a link", for_)
        check_name("for_ of a link", for_)
        span = parts.config.links.within if within is None else in_seconds(within, "within of a link", FINITE)
        scope.must_answer("make links")
        question = await self.get(question_id)
        scope.check_user(Principal(who=for_, tenant="default"))
        if user is not None and not user.operates and not (scope.is_asked(question) and is_same(for_, user.who)):
            raise NotAllowed(f"{user.who} may not make links for {for_!r}: it takes the role of an operator.")
        await self._must_be_asked(question, for_)
        await scope.record("make links", question_id, tenant=question.tenant, person=for_)
        now = parts.clock.now()
        late = question.deadline is not None and now >= question.deadline
        if late or question.state is not QuestionState.OPEN:
            raise NotPossible(f"question {question_id} is {_standing(question)}: nobody can answer it with a link.")
        expires = now + span if question.deadline is None else min(now + span, question.deadline)
        return await parts.links().make(question_id, for_, expires)

    async def linked(self, token: str) -> LinkedQuestion:
        """Return what the token of a link lets its holder see and answer, whoever holds it.

        That is for a server: only the app itself takes tokens. Raises TokenRefused for what is no link of this
        installation, and UnknownQuestion for one to a question that is gone.
        """
        if self._scope.principal is not None:
            raise NotAllowed(f"{self._scope.principal.who} may not read the links of others: use the app unscoped.")
        link = await self._scope.parts.links().read(token)
        question = await self._scope.store.question(link.question)
        if question is None:
            raise UnknownQuestion(f"question {link.question} is gone, with the run that asked it.")

        async def answer(value: Json) -> None:
            await self.answer(link.question, value, by=link.person, again=True)

        zone = self._people.zone_of(link.person, question.tenant) or self._scope.parts.config.links.time_zone
        return LinkedQuestion(link, question, zone, self._scope, self, answer)

    async def lead_links_to(self, url: str) -> None:
        """Have links lead to the server at `url`, whichever process of the store makes them, unless its settings say.

        That is for a server, once it knows where it listens: only the app itself may say it.
        """
        LINKED_FROM.check("url of a server", url)
        if self._scope.principal is not None:
            raise NotAllowed(f"{self._scope.principal.who} may not say where links lead: use the app unscoped.")
        await self._scope.parts.links().lead_to(url.rstrip("/"))

    async def comment(self, question_id: str, text: str, *, by: str | None = None, once: str | None = None) -> Remark:
        """Say something of a question, which answers nothing, for all who see it; returns it as it is kept.

        It is said in the name of the principal; the operator of the app may say `by` whom. Under the same name `once`
        it is said once, however often it is sent. Raises UnknownQuestion.
        """
        TEXT.check("text of a comment", text)
        if not text.strip() or len(text) > _LONGEST:
            raise InvalidValue(f"a comment of {len(text):,} characters: expected 1 to {_LONGEST:,}, not all blank.")
        who = self._scope.name_of(by)
        self._scope.must_answer("comment on questions")
        await self.get(question_id)
        new = self._scope.new_id("r", once, question_id, "comment")
        kept = await self._remark(new, question_id, who, text)
        self._scope.must_be_the_same(once, "another comment", same=kept.text == text)
        return kept

    async def reassign(
        self, question_id: str, to: str | None = None, *, why: str = "", by: str | None = None, once: str | None = None
    ) -> Question:
        """Give an open question to somebody else, or, without a name, to whom it would be given now; returns it.

        Those who are asked may give it to each other, and to who stands in for them, as far as the app knows these
        people; to give it to anybody takes the role of an operator. Whoever was asked may still answer. Under the same
        name `once` it is given once, however often it is sent, whoever has it since. Raises UnknownQuestion,
        NotAllowed, and NotPossible where it is not open, or nobody is known who is asked.
        """
        or_none(NAME).check("to of a question that is given to somebody", to)
        check_name("to whom a question is given", to)
        TEXT.check("why of a question that is given to somebody", why)
        who = self._scope.name_of(by)
        self._scope.must_answer("give questions to others")
        question = await self.get(question_id)
        await self._must_be_asked(question, who)
        new = self._scope.new_id("r", once, question_id, "reassign")
        if once is not None and (given := await self._kept(question_id, new)) is not None:
            self._scope.must_be_the_same(once, f"giving it to {given.assignee}", same=to in (None, given.assignee))
            return question
        if to is None:
            return await self._route(new, question, who, why)
        user = self._scope.principal
        if user is not None and not user.operates and not self._people.covers(question.ask.to, to, question.tenant):
            raise NotAllowed(
                f"{to!r} is nobody of whom it is known that they are asked as {question.ask.to!r}, or stand in for "
                f"them: to give question {question_id} to anybody takes the role 'operator'."
            )
        return await self._give(new, question, to, who, why or f"{who} gave it to {to}")

    async def away(
        self, person: str, until: float | None, *, by: str | None = None, tenant: str | None = None
    ) -> Absence:
        """Note that somebody is away until a time, in seconds since 1970, or with None that they are back.

        What they were given and is open goes to whom it would be given now, if there is anybody. People say it of
        themselves, operators of anybody. Raises InvalidValue where nobody is known by this name.
        """
        NAME.check("person who is away", person)
        or_none(MOMENT).check("until of who is away", until)
        parts, who = self._scope.parts, self._scope.name_of(by)
        self._scope.must_answer("say who is away")
        user = self._scope.principal
        if user is not None and not user.operates and not is_same(person, user.who):
            raise NotAllowed(f"{who} may not say that {person!r} is away: it takes the role 'operator'.")
        name, known = self._known(person, tenant)
        now = parts.clock.now()
        absence = Absence(
            id=parts.ids.new("away"), person=name, until=now if until is None else until, at=now, by=who,
            tenant=known.tenant,
        )  # fmt: skip
        book = parts.store.inbox
        await book.note_absence(absence)
        if absence.until > now:
            query = QuestionQuery(state=QuestionState.OPEN, assignee=name, tenant=known.tenant)
            async for each in walk(parts.store.questions, query):
                with suppress(NotPossible):  # it was closed meanwhile, or nobody is known who could have it instead
                    await self._route(parts.ids.new("r"), each, INSTALLATION, "")
        return absence

    async def people(self) -> Sequence[PersonNow]:
        """Return the people whom questions can be given to, and how they stand: of the principal's tenant, or all."""
        parts, user = self._scope.parts, self._scope.confined
        found: list[PersonNow] = []
        for tenant in dict.fromkeys(each.tenant for each in self._people.known.values()):
            if user is not None and user.tenant != tenant:
                continue
            now = await parts.store.inbox.now(tenant, parts.clock.now())
            found += [
                PersonNow(
                    name=name, person=each, open=now.open.get(folded(name), 0), away=now.away.get(folded(name)),
                    hindrance=self._people.hindrance(name, now),
                )
                for name, each in self._people.known.items()
                if each.tenant == tenant
            ]  # fmt: skip
        return found

    @property
    def _people(self) -> People:
        return self._scope.parts.worker.runtime.people or People({})

    def _known(self, person: str, tenant: str | None) -> tuple[str, Person]:
        """Return a person by the name as it is set; raises InvalidValue where nobody is known by it."""
        user = self._scope.confined
        of = tenant if user is None else user.tenant
        for name, each in self._people.known.items():
            if is_same(name, person) and of in (None, each.tenant):
                return name, each
        known = ", ".join(name for name, each in self._people.known.items() if of in (None, each.tenant))
        raise InvalidValue(
            f"nobody is known as {person!r}; known are: {known or 'none'}. People are set with `[podium.people.NAME]`."
        )

    async def _must_be_asked(self, question: Question, who: str) -> None:
        """Raise NotAllowed for a principal who is not asked, and is no operator of the workflow that asks."""
        user = self._scope.principal
        if user is None or self._scope.is_asked(question):
            return
        if not user.operates:
            raise NotAllowed(f"question {question.id} is put to {question.ask.to!r}, and {who} is none of them.")
        if not user.reaches_all and (run := await self._scope.store.run(question.run)) is not None:
            self._scope.must_reach(run.workflow, "answer questions")

    async def _route(self, id: str, question: Question, by: str, why: str) -> Question:
        """Give a question to whom it would be given now."""
        parts = self._scope.parts
        now = await parts.store.inbox.now(question.tenant, parts.clock.now())
        if question.assignee is not None:  # who has it now is not held up by having it
            now = now.without(folded(question.assignee))
        given = self._people.assign(question.ask.to, question.tenant, now, agents=question.ask.for_agents)
        if given is None:
            raise NotPossible(
                f"nobody is known who is asked as {question.ask.to!r}: set people with `[podium.people.NAME]`, or say "
                "to whom it is to be given."
            )
        if question.assignee is not None and is_same(question.assignee, given.name):
            return question
        return await self._give(id, question, given.name, by, f"{why}: {given.why}" if why else given.why)

    async def _give(self, id: str, question: Question, to: str, by: str, why: str) -> Question:
        if self._people.is_agent(to, question.tenant) and not question.ask.for_agents:
            raise NotAllowed(f"{to!r} is an agent: what question {question.id} asks is for people to decide.")
        await self._remark(id, question.id, by, why, assignee=to)
        return await self._scope.store.question(question.id) or question

    async def _remark(self, id: str, question: str, by: str, text: str, assignee: str | None = None) -> Remark:
        """Keep a remark, and return it; or the one of its id, where that is there."""
        parts = self._scope.parts
        remark = Remark(id=id, question=question, by=by, at=parts.clock.now(), text=text, assignee=assignee)
        verdict, _ = await parts.worker.commits.submit(KeepRemark(remark))
        if verdict in (CommitVerdict.UNKNOWN, CommitVerdict.CLOSED):
            now = _standing(await parts.store.question(question))
            raise NotPossible(f"question {question} is {now}: too late for that.")
        return await self._kept(question, id) or remark

    async def _kept(self, question: str, id: str) -> Remark | None:
        """Return the remark of an id, if it is there."""
        return next((each for each in await self._scope.store.inbox.remarks(question) if each.id == id), None)


def _standing(question: Question | None) -> str:
    """Return where a question stands; that its time is over is written down later, by who drives its run."""
    if question is None:
        return "gone"
    return QuestionState.EXPIRED if question.state is QuestionState.OPEN else question.state


def _check_answer(question: Question, value: Json) -> None:
    """Raise InvalidValue unless an answer fits the question's schema."""
    if question.ask.schema is None:
        return
    if (wrong := mismatch(value, question.ask.schema)) is not None:
        raise InvalidValue(f"the answer does not fit question {question.id}: {wrong}")
