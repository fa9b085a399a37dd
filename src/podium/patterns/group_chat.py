"""`group_chat`: a shared conversation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Unpack

from podium.engine.context import Context
from podium.errors import NoDecision
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.added import added
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import Talk, as_text, plain, said_by, sections
from podium.patterns.building.members import Member, about, at_least, by_name, part, takes
from podium.patterns.building.names import choices, named
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
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
class Conversation:
    """All that was said, and why it ended."""

    messages: list[Said]
    ended: ChatEnd
    """The condition held, all agreed, there was no next speaker, or the turns were used up."""
    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where none has."""


@pattern
def group_chat(
    *speakers: Member,
    next_speaker: Literal["turns"] | Callable[[list[Said]], str | None] | Member = "turns",
    until: EndWhen | Callable[[list[Said]], bool] | None = None, agree: Callable[[Said], bool] | None = None,
    turns: int = 12, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Conversation]:  # fmt: skip
    """A shared conversation: everybody reads everything, one speaks at a time; gives the Conversation.

    A speaker takes `task` and `messages` (a list of Said): as parameters of these names, as a text, or as a mapping. It
    gives what it says: a text, or any JSON.

    `next_speaker` says who speaks: all by `turns`; or a function of `messages`; or a manager, who takes `task`,
    `messages` and `speakers` (what each can do, by name). These two give a name, or None to end (a manager also an
    empty text); an unknown name raises NoDecision.

    It ends once `until`, an end or a rule of `messages`, has come (a turn is a message); or once everybody has spoken
    and `agree`, a rule of `message`, holds for the latest message of each; and after as many messages as there are
    `turns`, which is no failure.
    """
    at_least("group_chat", "turns", turns)
    known = by_name("group_chat", speakers, least=2, what="speakers")
    offers = ("task", "messages")
    speaking = {who: Role[object]("group_chat", "speaker", each, offers=offers) for who, each in known.items()}
    choice = _Choice(next_speaker, known)
    enough = ends_of("group_chat", until, known, messages=list[Said])
    agreeing = rule(agree, "message") if agree else None

    def ending(messages: Sequence[Said]) -> ChatEnd | None:
        latest = {message.speaker: message for message in messages}
        if agreeing and len(latest) == len(known) and all(agreeing(message) for message in latest.values()):
            return "agreement"
        return "bound" if len(messages) == turns else None

    async def body(ctx: Context, task: object) -> Conversation:
        messages, over, ended_by = list[Said](), enough.begin(ctx), None
        while (ended := "condition" if ended_by else ending(messages)) is None:
            who = await choice.next(ctx, task, messages)
            if who is None:
                ended = "nobody"
                break
            whole, turn = _cue(ctx, speaking[who], task, messages), voice(ctx, None if messages else task)
            said = await speaking[who].ask(ctx, whole, turn, task=task, messages=messages)
            messages.append(Said(speaker=who, text=plain(said)))
            over.note(who, messages[-1].text)
            ended_by = await over.came(len(messages), list(messages))
        return Conversation(messages=messages, ended=ended, ended_by=ended_by or "")

    parts = {f"speaker {number}": each for number, each in enumerate(known.values(), 1)}
    return Pattern(
        body,
        kind="group_chat",
        name=name,
        card=card,
        sketch=Sketch(parts=parts | choice.parts, links=choice.links(list(parts))),
        takes=part(next(iter(known.values())), "task"),
        gives=Conversation,
    )


def _hears(ctx: Context, member: Member) -> bool:
    """Whether a member that takes a text finds the messages in the conversation, with their authors."""
    return ctx.says in ("exchange", "answer") and takes(member) is str


def _talk(task: object, messages: Sequence[Said], ask: str) -> Talk:
    """Return the task and what was said as messages, and what is asked then."""
    return Talk(said=[said_by(None, task), *(said_by(each.speaker, each.text) for each in messages)], ask=ask)


def _cue(ctx: Context, speaker: Role[object], task: object, messages: Sequence[Said]) -> object:
    """Return what a speaker is told beside what it hears; the task stands in the conversation once that was said."""
    cue = f"It is your turn, {speaker.who}."
    if not _hears(ctx, speaker.member):
        return _talk(task, messages, cue) if messages else Talk(said=(), ask=as_text(task))
    if messages and ctx.says == "exchange":
        return cue
    return as_text(task) if not messages else f"{as_text(task)}\n\n{cue}"


class _Choice:
    """Who speaks next."""

    def __init__(self, by: Callable[[list[Said]], str | None] | Member, speakers: Mapping[str, Member]) -> None:
        self._names = list(speakers)
        self._able = {who: about(each) for who, each in speakers.items()}
        self._manager: Role[str | None] | None = None
        self._function: Callable[[list[Said]], str | None] | None = None
        self.parts: dict[str, Member] = {}
        if by == "turns":
            return
        if isinstance(by, str) or is_agent(by):
            offers = ("task", "messages", "speakers")
            self._manager = Role[str | None]("group_chat", "manager", by, offers=offers, gives=str | None)
            self.parts["manager"] = self._manager.member
        else:
            self._function = rule(by, "messages")

    async def next(self, ctx: Context, task: object, messages: list[Said]) -> str | None:
        """Return the next speaker, or None for the end; raises NoDecision for an unknown name."""
        if self._function is not None:
            return self._known(self._function(list(messages)))
        if self._manager is not None:
            if _hears(ctx, self._manager.member):
                return await self._manager.settle(ctx, self._known, task=task, messages=None, speakers=self._able)
            talk = _talk(task, messages, f"{sections({'speakers': self._able})}\n\nWho speaks next?")
            parts = {"task": task, "messages": messages, "speakers": self._able}
            return await self._manager.settle(ctx, self._known, talk, **parts)
        return self._names[len(messages) % len(self._names)]

    def _known(self, said: str | None) -> str | None:
        who = None if said is None else named(said, self._names)
        if who is None and said is not None and named(said, _NOBODY) is None:
            raise NoDecision(
                f"group_chat: {said!r} was to speak next: {choices(said, self._names)}. "
                "Give one of these names, or 'nobody' (or None) to end the conversation."
            )
        return who

    def links(self, speakers: Sequence[str]) -> list[Link]:
        """Return the arrows of the picture: a ring, or from the manager to everybody, or none where it is a rule."""
        if self._manager is not None:
            return [Link("manager", each, "speaks next") for each in speakers]
        ring = zip(speakers, [*speakers[1:], speakers[0]], strict=True)
        return [] if self._function is not None else [Link(one, following) for one, following in ring]
