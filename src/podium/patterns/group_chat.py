"""`group_chat`: a shared conversation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, Unpack

from podium.agents.core_schemas import is_several
from podium.engine.context import Context
from podium.errors import NoDecision, PatternError
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.added import added
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import Talk, as_text, plain, said_by, sections
from podium.patterns.building.last_word import TeamResult, last_word, words_of
from podium.patterns.building.members import Member, abilities, about, at_least, by_name, part, takes
from podium.patterns.building.named import described, filled_by
from podium.patterns.building.names import choices, named
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.reading import reading
from podium.patterns.building.role import Role
from podium.patterns.building.talking import voice
from podium.patterns.parts.ends import EndWhen, ends_of

_NOBODY = ("", "nobody", "none", "null", "end", "terminate")
"""What ends a conversation where the name of the next speaker is expected."""

ChatEnd = Literal["condition", "agreement", "nobody", "bound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message: who said what; any JSON, mostly a text."""

    speaker: str
    text: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSoFar:
    """What a chat goes on from: the task, and the messages that were said before, by its speakers or by others."""

    task: Json
    messages: list[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(TeamResult):
    """All that was said, and why it ended."""

    messages: list[Said]
    ended: ChatEnd
    """The condition held, all agreed, there was no next speaker, or the turns were used up."""
    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where none has."""

    @property
    def last(self) -> Json:
        """The latest message, without its speaker; None where nobody spoke."""
        return self.messages[-1].text if self.messages else None


@pattern
def group_chat(
    *speakers: Member,
    next_speaker: Literal["turns"] | Callable[[list[Said]], str | None] | Member = "turns",
    manager: Member | None = None, candidates: Callable[[list[Said]], Sequence[str]] | None = None,
    until: EndWhen | Callable[[list[Said]], bool] | None = None, agree: Callable[[Said], bool] | None = None,
    continues: bool = False, last_only: bool = False, turns: int = 12, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern[object, Conversation]:  # fmt: skip
    """A shared conversation: everybody reads everything, one speaks at a time; gives the Conversation.

    A speaker takes `task` and `messages` (a list of Said): as parameters of these names, as a text, or as a mapping. It
    gives what it says: a text, or any JSON.

    `next_speaker` says who speaks: all by `turns`; or a function of `messages`; or a manager, who takes `task`,
    `messages` and `speakers` (what each can do, by name). These two give a name, or None to end (a manager also an
    empty text); an unknown name raises NoDecision. With a `manager` beside a function, it is asked where that gives
    None, and the function ends by "nobody".

    `candidates`, a rule of `messages`, gives the names of those who may speak next: by turns others are passed over,
    a manager is offered no others, and to name one raises NoDecision. A manager is not asked about a single candidate;
    without any the chat ends.

    With `continues` the input is a ChatSoFar, or JSON of that form: the chat goes on after its messages, which
    everybody reads and the Conversation begins with. By turns the speaker after the latest one begins.

    With `last_only`, a team in the place of a speaker says only its last message, or its answer, and not how it came to
    that.

    It ends once `until`, an end or a rule of `messages`, has come (a turn is a new message); or once everybody has
    spoken and `agree`, a rule of `message`, holds for the latest message of each; and after as many new messages as
    there are `turns`, which is no failure. A speaker whose message `until` or `agree` cannot read is told and asked
    again; then it raises BadAnswer.
    """
    at_least("group_chat", "turns", turns)
    known = by_name("group_chat", speakers, least=2, what="speakers")
    offers = ("task", "messages")
    speaking = {who: Role[object]("group_chat", "speaker", each, offers=offers) for who, each in known.items()}
    choice = _Choice(next_speaker, manager, candidates, known)
    enough = ends_of("group_chat", until, known, messages=list[Said])
    agreeing = reading("group_chat", "agree", rule(agree, message=Said)) if agree else None

    def agreed(messages: Sequence[Said]) -> bool:
        latest = {message.speaker: message for message in messages if message.speaker in known}
        return agreeing is not None and len(latest) == len(known) and all(map(agreeing, latest.values()))

    def readable(before: Sequence[Said], who: str, said: object) -> Said:
        message = Said(speaker=who, text=plain(last_word(said) if last_only else said))
        enough.read([*before, message])
        if agreeing is not None:
            agreeing(message)
        return message

    async def body(ctx: Context, given: object, so_far: SoFar[list[Said]]) -> Conversation:
        task, earlier = (given.task, given.messages) if isinstance(given, ChatSoFar) else (given, [])
        able = await choice.described(ctx)
        chat, over = _Chat(task, list(earlier), before=len(earlier), able=able), enough.begin(ctx)
        for number in range(1, turns + 1):
            who = await choice.next(ctx, chat)
            if who is None:
                return Conversation(messages=chat.messages, ended="nobody")
            cue, turn = (
                chat.cue(ctx, speaking[who]),
                voice(ctx, None if number > 1 else task, words_of(ctx, known[who], last_only=last_only)),
            )
            parts = {} if isinstance(cue, str) else {"task": task, "messages": chat.messages}
            said = await speaking[who].settle(ctx, partial(readable, chat.messages, who), cue, turn, **parts)
            chat.messages.append(said)
            so_far.reached(chat.messages)
            over.note(who, chat.messages[-1].text)
            if ended_by := await over.came(number, list(chat.messages)):
                return Conversation(messages=chat.messages, ended="condition", ended_by=ended_by)
            if agreed(chat.messages):
                return Conversation(messages=chat.messages, ended="agreement")
        return Conversation(messages=chat.messages, ended="bound")

    parts = {f"speaker {number}": each for number, each in enumerate(known.values(), 1)}
    return Pattern(
        body,
        kind="group_chat",
        name=name,
        card=card,
        sketch=Sketch(parts=parts | choice.parts, links=choice.links(list(parts))),
        takes=ChatSoFar if continues else part(next(iter(known.values())), "task"),
        gives=Conversation,
        has=list[Said],
    )


@dataclass(frozen=True, slots=True)
class _Chat:
    """What was said, and what is told of it."""

    task: object
    messages: list[Said]
    before: int
    """So many of the messages were handed in: they stand in no conversation of the store."""
    able: Mapping[str, str]
    """What each speaker can do, by name, where a manager chooses among them."""

    def hears(self, ctx: Context, member: Member) -> bool:
        """Whether a member that takes a text finds all messages in the conversation, with their authors."""
        return not self.before and ctx.says in ("exchange", "answer") and takes(filled_by(ctx, member)) is str

    def talk(self, ask: str) -> Talk:
        """Return the task and what was said as messages, and what is asked then."""
        said = (said_by(each.speaker, each.text) for each in self.messages)
        return Talk(said=[said_by(None, self.task), *said], ask=ask)

    def cue(self, ctx: Context, speaker: Role[object]) -> object:
        """Return what a speaker is told beside what it hears; the task stands in the conversation once it was said."""
        cue = f"It is your turn, {speaker.who}."
        if not self.hears(ctx, speaker.member):
            return self.talk(cue) if self.messages else Talk(said=(), ask=as_text(self.task))
        if self.messages and ctx.says == "exchange":
            return cue
        return as_text(self.task) if not self.messages else f"{as_text(self.task)}\n\n{cue}"


class _Choice:
    """Who speaks next."""

    def __init__(
        self, by: Callable[[list[Said]], str | None] | Member, manager: Member | None,
        candidates: Callable[[list[Said]], Sequence[str]] | None, speakers: Mapping[str, Member],
    ) -> None:  # fmt: skip
        self._speakers = speakers
        self._able = {who: about(each) for who, each in speakers.items()}
        self._candidates = None if candidates is None else rule(candidates, messages=list[Said])
        self._function: Callable[[list[Said]], str | None] | None = None
        if isinstance(by, str) or is_agent(by):
            if manager is not None:
                raise PatternError(
                    f"group_chat was given a manager and next_speaker={by!r}: a manager is asked where a rule of the "
                    "messages gives None. Give such a rule, or pass the manager as next_speaker."
                )
            manager = None if by == "turns" else by
        else:
            self._function = rule(by, messages=list[Said])
        self._manager: Role[str | None] | None = None
        self.parts: dict[str, Member] = {}
        if manager is not None:
            offers = ("task", "messages", "speakers")
            self._manager = Role[str | None]("group_chat", "manager", manager, offers=offers, gives=str | None)
            self._able = abilities("group_chat", self._manager.who, speakers)
            self.parts["manager"] = self._manager.member

    async def described(self, ctx: Context) -> dict[str, str]:
        """Return what each speaker can do, by name; what names stand for is looked up only for a manager."""
        return dict(self._able) if self._manager is None else await described(ctx, self._able, self._speakers)

    async def next(self, ctx: Context, chat: _Chat) -> str | None:
        """Return the next speaker, or None for the end; raises NoDecision for an unknown name."""
        among = self._among(chat.messages)
        if not among:
            return None
        if self._function is not None:
            said = self._function(list(chat.messages))
            if said is not None or self._manager is None:
                return _speaker(among, said)
        if self._manager is None:
            return self._in_turn(chat.messages, among)
        if len(among) == 1:
            return among[0]
        able, accept = {who: chat.able[who] for who in among}, partial(_speaker, among)
        if chat.hears(ctx, self._manager.member):
            return await self._manager.settle(ctx, accept, task=chat.task, messages=None, speakers=able)
        talk = chat.talk(f"{sections({'speakers': able})}\n\nWho speaks next?")
        parts = {"task": chat.task, "messages": chat.messages, "speakers": able}
        return await self._manager.settle(ctx, accept, talk, **parts)

    def _among(self, messages: list[Said]) -> Sequence[str]:
        """Return who may speak next."""
        if self._candidates is None:
            return list(self._able)
        given: object = self._candidates(list(messages))
        if not is_several(given):
            raise NoDecision(f"group_chat: `candidates` gave {given!r}: give a list of {', '.join(self._able)}.")
        known = {named(str(each), self._able): each for each in given}
        if None in known:
            raise NoDecision(f"group_chat: `candidates` gave {known[None]!r}: {choices(str(known[None]), self._able)}.")
        return [who for who in self._able if who in known]

    def _in_turn(self, messages: Sequence[Said], among: Sequence[str]) -> str:
        """Return whoever comes after the latest speaker, of those who may speak."""
        names = list(self._able)
        latest = next((each.speaker for each in reversed(messages) if each.speaker in names), names[-1])
        place = names.index(latest) + 1
        return next(who for who in (*names[place:], *names[:place]) if who in among)

    def links(self, speakers: Sequence[str]) -> list[Link]:
        """Return the arrows of the picture: a ring, or from the manager to everybody, or none where it is a rule."""
        if self._manager is not None:
            return [Link("manager", each, "speaks next") for each in speakers]
        ring = zip(speakers, [*speakers[1:], speakers[0]], strict=True)
        return [] if self._function is not None else [Link(one, following) for one, following in ring]


def _speaker(among: Sequence[str], said: str | None) -> str | None:
    """Return who is meant by a name; None for the end."""
    who = None if said is None else named(said, among)
    if who is None and said is not None and named(said, _NOBODY) is None:
        raise NoDecision(
            f"group_chat: {said!r} was to speak next: {choices(said, among)}. "
            "Give one of these names, or 'nobody' (or None) to end the conversation."
        )
    return who
