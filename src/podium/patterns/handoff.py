"""`handoff`: control moves from agent to agent, with a note."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Unpack

from typing_extensions import TypeForm

from podium.agents.core_schemas import is_several
from podium.agents.shape import TypeShape, shape_of
from podium.engine.context import Context
from podium.errors import BadAnswer, BoundReached, InvalidValue, PatternError, PingPong
from podium.model.agent import is_agent
from podium.patterns.building.bounds import used_up
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import PARTS, Talk, plain, said_by, sections
from podium.patterns.building.members import ANYTHING, Member, at_least, by_name, known, name_of, part
from podium.patterns.building.named import described
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Out, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import Role, unless_refused
from podium.patterns.building.talking import voice, words
from podium.patterns.parts.control import Answer, AnsweredBy, Control, HandOff, Turn, back_and_forth
from podium.patterns.parts.transferring import transferring

_WATCHED = ("task", "agent", "note")
"""What `on_handoff` is offered."""


@pattern
def handoff(
    *agents: Member, start: Member | Callable[[Any], str | None] | None = None,
    allowed: Mapping[str, Sequence[str]] | None = None,
    history: Literal["none", "full", "summary"] | int | Callable[[list[Turn]], object] = "full",
    summarizer: Member | None = None, needs: Mapping[str, Sequence[str]] | None = None,
    on_handoff: Member | None = None, hops: int = 8, ping_pong: int = 2,
    gives: TypeForm[Out] | None = ANYTHING, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Out]:  # fmt: skip
    """Control moves from agent to agent until one of them answers; gives that answer.

    The agent in control takes `task`, `note` (the HandOff that brought it control; None at first), `history` (the turns
    so far), `targets` (whom it may hand to: what each can do, by name) and `remark` (None, or what was wrong with its
    last answer): as parameters of these names, as a text, or as a mapping of them all. It gives a HandOff or an Answer,
    or JSON of that form: `{"to": …, "reason": …, "context": {…}}`, `{"answer": …}`. A language model with an output of
    its own gives that as the answer, and has a tool `transfer_to_NAME` for each of its targets, which ends its turn.

    Control begins at `start` (the first agent unless given): an agent or its name, or a rule of the `task` that gives a
    name, or None for the first, so that a later run may go on with who answered. It goes only where it is `allowed`: by
    sender, to whom; a sender that is not named there hands to none. What a receiver `needs` has to be in the context of
    the note. A hand-off that breaks one of these rules is refused, like an answer that cannot be read or is not of the
    type `gives`: the sender sees why in `remark`, and is asked again, at most `corrections` times; then it raises
    BadAnswer.

    `history` is a list of Turns: `full`, or the last n; or `none`; or, with `summary`, what the `summarizer` makes of
    them, a text: it takes `task` and `history`; or what a rule of the `turns` gives. `on_handoff` is called each time
    that control moves: it takes `task`, `agent` (who hands over) and `note`; what it gives counts for nothing.

    With `gives=AnsweredBy` it gives an AnsweredBy: who answered, what, and the turns before.

    At most `hops` answers are asked for: raises BoundReached. Raises PingPong where two agents have handed to each
    other `ping_pong` times each way, and all but the first note brought nothing new in the context.
    """
    at_least("handoff", "hops", hops)
    at_least("handoff", "ping_pong", ping_pong)
    team = by_name("handoff", agents, least=2)
    begins = _Start(start, team)
    control = Control(team, allowed, needs or {})
    team = {who: transferring(each, control.offered(who, control.able)) for who, each in team.items()}
    past = _Past(history, summarizer)
    roles = {who: _role(agent, past, starts=begins.may_be(who)) for who, agent in team.items()}
    watcher = None if on_handoff is None else Role[object]("handoff", "on_handoff", on_handoff, offers=_WATCHED)
    tells_who = gives is AnsweredBy
    result = shape_of(ANYTHING if tells_who else gives or ANYTHING)

    async def body(ctx: Context, task: object, so_far: SoFar[list[Turn]]) -> object:
        turns, first = list[Turn](), begins.of(task)
        note, told, remark = await _going_on(ctx, team, first, needs or {}), None, None
        who, heard, unusable = first if note is None else note.to, False, tuple[str, ...]()
        again = begun_with(ctx, 2)  # in the same call; before, a hop was spent on it
        able = await described(ctx, control.able, team)
        for _ in range(hops):
            if remark is None:
                told = await past.told(ctx, task, turns, begins=note is None)
            offered = control.offered(who, able)
            judge = partial(_judged, roles[who], who, control, result, again=again)
            turn = voice(ctx, None if heard else task, partial(_worded, judge))
            parts = {"note": note, "history": told, "targets": offered, "remark": remark}
            whole, accept = _heard(ctx, task, told, note, offered, remark), unless_refused(judge) if again else None
            call = roles[who].call(ctx, whole, turn, accept, task=task, **parts)
            said = await roles[who].judged(call, judge, again=again)
            heard = heard or not isinstance(said, str)
            if isinstance(said, Answer):
                return AnsweredBy(agent=who, answer=said.answer, turns=turns) if tells_who else said.answer
            remark, unusable = (said, (call.key,)) if isinstance(said, str) else (None, ())
            if isinstance(said, HandOff):
                turns.append(Turn(agent=who, note=said))
                so_far.reached(turns)
                _must_lead_on(turns, ping_pong)
                if watcher is not None:
                    await watcher.call(ctx, PARTS, task=task, agent=who, note=said)
                who, note = said.to, said
        raise _unanswered(hops, who, turns, remark).about(*unusable)

    parts = {f"agent {number}": agent for number, agent in enumerate(team.values(), 1)}
    watching: dict[str, Member] = {} if watcher is None else {"on_handoff": watcher.member}
    places = dict(zip(team, parts, strict=True))
    links = [Link(places[who], places[to]) for who, targets in control.targets.items() for to in targets]
    return Pattern(
        body,
        kind="handoff",
        name=name,
        card=card,
        sketch=Sketch(parts=parts | past.parts | watching, links=links),
        takes=part(team[begins.first], "task"),
        gives=AnsweredBy if tells_who else result.type,
        has=list[Turn],
    )


def _judged(
    role: Role[HandOff | Answer], who: str, control: Control, result: TypeShape[Out], value: object, *, again: bool
) -> HandOff | Answer | str:  # fmt: skip
    """Return what an agent wants, or what is wrong with it; with `again` names are read as a person would."""
    try:
        said = role.said(value)
        if isinstance(said, HandOff):
            said = control.meant(who, said) if again else said
            return control.objection(who, said) or said
        return Answer(answer=plain(result.load(plain(said.answer))))
    except (BadAnswer, InvalidValue) as error:
        return str(error)


class _Start:
    """Who has control first."""

    def __init__(self, start: Member | Callable[[Any], str | None] | None, team: Mapping[str, Member]) -> None:
        self._team = team
        self._rule, self.first = None, next(iter(team))
        if isinstance(start, str) or is_agent(start):
            self.first = name_of(start)
        elif start is not None:
            self._rule = rule(start, "task")
        known("handoff", "start", [self.first], team)

    def may_be(self, who: str) -> bool:
        """Whether an agent may have control first."""
        return self._rule is not None or who == self.first

    def of(self, task: object) -> str:
        """Return who has it for a task; raises PatternError where the rule gives no name of an agent."""
        named = None if self._rule is None else self._rule(task)
        if named is None:
            return self.first
        known("handoff", "start", [named], self._team)
        return named


class _Past:
    """What an agent gets to see of the turns so far."""

    def __init__(
        self, history: Literal["none", "full", "summary"] | int | Callable[[list[Turn]], object],
        summarizer: Member | None,
    ) -> None:  # fmt: skip
        if isinstance(history, int):
            at_least("handoff", "history", history)
        if history == "summary" and summarizer is None:
            raise PatternError("handoff was given history='summary' and nobody to write it: pass a summarizer.")
        if history != "summary" and summarizer is not None:
            raise PatternError(f"handoff was given a summarizer and history={history!r}: pass history='summary'.")
        self.history = history
        self._chosen = rule(history, turns=list[Turn]) if callable(history) else None
        self._summing: Role[str] | None = None
        self.parts: dict[str, Member] = {}
        if summarizer is not None:
            self._summing = Role[str]("handoff", "summarizer", summarizer, offers=("task", "history"), gives=str)
            self.parts["summarizer"] = self._summing.member

    async def told(self, ctx: Context, task: object, turns: Sequence[Turn], *, begins: bool) -> object:
        """Return it as chosen, or None for nothing; `begins`: nobody has handed over yet."""
        if self._chosen is not None:
            return self._chosen(list(turns))
        if isinstance(self.history, int):
            return turns[-self.history :]
        if self._summing is not None:
            if turns:
                return await self._summing.ask(ctx, turns, task=task, history=turns)
            return None if begins else ""
        return list(turns) if self.history == "full" else None


def _role(agent: Member, past: _Past, *, starts: bool) -> Role[HandOff | Answer]:
    """Return the place of an agent. It is promised what it is always told: the first one is not told everything."""
    offers = ["task", "targets"]
    if past.history != "none" and not (starts and past.parts):
        offers.append("history")
    if not starts:
        offers.append("note")
    return Role("handoff", "agent", agent, offers=tuple(offers), gives=HandOff | Answer)


def _worded(judged: Callable[[object], HandOff | Answer | str], value: object) -> str | None:
    """Return what an agent says in a conversation; None for what is refused."""
    match judged(value):
        case Answer(answer=answer):
            return words(answer)
        case HandOff() as note:
            return _as_words(note)
        case _:
            return None


def _as_words(note: HandOff) -> str:
    context = f" {words(note.context)}" if note.context else ""
    return f"I hand over to {note.to}: {note.reason}{context}"


def _heard(
    ctx: Context, task: object, told: object, note: HandOff | None, targets: Mapping[str, str], remark: str | None
) -> object:  # fmt: skip
    """Return what stands for the parts together: a language model hears the turns that it is told as messages.

    In a conversation of the store they were said already.
    """
    turns = [each for each in told if isinstance(each, Turn)] if is_several(told) else []
    if not turns or ctx.says in ("exchange", "answer"):
        return PARTS
    said = [said_by(None, task), *(said_by(each.agent, _as_words(each.note)) for each in turns)]
    return Talk(said=said, ask=sections({"note": note, "targets": targets, "remark": remark}))


async def _going_on(
    ctx: Context, team: Mapping[str, Member], first: str, needs: Mapping[str, Sequence[str]]
) -> HandOff | None:
    """Return the note for the agent that spoke last in the conversation, unless that is the one that begins anyway.

    One that `needs` something in the context of a note is handed control by another one again.
    """
    if ctx.says in (None, "nothing"):
        return None
    latest = next(iter(await ctx.last_speaker(*team)), first)
    if latest == first or needs.get(latest):
        return None
    return HandOff(to=latest, reason="The conversation goes on with you: you spoke last.")


def _must_lead_on(turns: Sequence[Turn], times: int) -> None:
    """Raise PingPong where two agents only hand to each other."""
    pair = back_and_forth(turns, times)
    if pair is not None:
        one, other = pair
        raise PingPong(
            f"handoff: {one} and {other} handed to each other {times} times each way, and nothing new came with it. "
            f"The last reason: {turns[-1].note.reason!r}. Say in their instructions who answers, or allow one way only."
        )


def _unanswered(hops: int, who: str, turns: Sequence[Turn], remark: str | None) -> BoundReached:
    way = " > ".join([*(turn.agent for turn in turns), turns[-1].note.to] if turns else [who])
    refused = f"; of its last answer it was told: {remark}" if remark else ""
    return used_up("handoff", "hops", hops, f"nobody has answered ({way}){refused}", "say who is to answer")
