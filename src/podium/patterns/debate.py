"""`debate`: several propose, criticise each other and revise; then they agree, a judge picks, or they vote."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from types import MappingProxyType
from typing import Annotated, Generic, Literal, TypeVar, Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import NoDecision
from podium.model.told import Utterance
from podium.patterns.building.added import added
from podium.patterns.building.inputs import PARTS, Talk, said_by, sections
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import (
    GivingAgent,
    Member,
    applied,
    at_least,
    either,
    gives,
    members,
    parameters,
    takes,
)
from podium.patterns.building.names import choices, named
from podium.patterns.building.partial import SoFar, gathered
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import Role, shared_task
from podium.patterns.parts.ballot import BallotRules, Count, Decided, NamedRule, key_of
from podium.patterns.parts.ends import EndWhen, ends_of
from podium.patterns.parts.judging import Judged, Ruling, judged

T = TypeVar("T")
Way = Literal["agreement", "judge", "vote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debated(TeamResult, Generic[T]):
    """The result of a debate."""

    decision: T
    by: Way
    reasons: str
    """Of a judge as it wrote them: `labels` says who is meant."""
    positions: dict[str, T]
    """What each debater held in the end."""
    rounds: int
    """How often they criticised and revised."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """The label under which a judge saw each position."""

    @property
    def last(self) -> T:
        """The decision."""
        return self.decision

    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where none has."""


@pattern
def debate(
    *debaters: GivingAgent[T] | str, judge: Member | None = None, rounds: int = 2,
    until: EndWhen | Callable[[dict[str, T]], bool] | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Debated[T]]:  # fmt: skip
    """Several hold positions, criticise each other's and revise their own, until all are the same; gives a Debated.

    A debater is asked for one step after the other, and is handed the `step`, the `task`, and what the step needs:
    `"propose"` gives its position; `"criticise"`, with `positions` (of the others, by name), gives one criticism of
    them all; `"revise"`, with `position` (its own) and `criticisms` (of the others, by name), gives its position from
    then on. It takes them as parameters of these names, as a text, or as a mapping. All do a step side by side. They
    criticise and revise at most `rounds` times, and no more once `until`, an end or a rule of the `positions`, has come
    (a turn is such a round; multi-agent debate: Du et al. 2023, arXiv 2305.14325).

    Where all positions are the same JSON, that is the decision. Else the `judge` decides: it is handed `task` and
    `positions`, by label in an order drawn by lot, and gives a Ruling as in `ensemble`. Without a judge the position
    that more than half hold is the decision; where there is none they take a last `step`, `"vote"`, with the
    `positions` of all by name, and give the name of the one that they find best. The position named most often wins.

    A debater that fails fails the debate. Raises NoDecision where the vote is a tie or names no debater, and where the
    judge's winner is none of the labels.
    """
    at_least("debate", "rounds", rounds)
    offers = ("step", "task", "positions", "position", "criticisms")
    roles = [
        Role[object]("debate", "debater", each, offers=offers)
        for each in members("debate", debaters, least=2, what="debaters")
    ]
    judging = None
    if judge is not None:
        judging = Role[Ruling]("debate", "judge", judge, offers=("task", "positions"), gives=Ruling)

    enough = ends_of("debate", until, [role.who for role in roles], positions=dict[str, object])

    async def body(ctx: Context, task: object, so_far: SoFar[dict[str, object]]) -> object:
        over, done, ended_by = enough.begin(ctx), 0, None
        positions = await gathered(ctx, _calls(ctx, roles, "propose", task), so_far, dict)
        while done < rounds and not _agreed(positions) and ended_by is None:
            positions, done = await _round(ctx, roles, task, positions, so_far), done + 1
            over.note_all(positions.items())
            ended_by = await over.came(done, dict(positions))
        by: Way
        if _agreed(positions):
            by, found = "agreement", Judged(winner=roles[0].who, reasons="All hold the same position.")
        elif judging is None:
            by, found = "vote", await _vote(ctx, roles, task, positions)
        else:
            by, found = "judge", await judged(ctx, judging, "positions", positions, task=task)
        return Debated(
            decision=positions[found.winner], by=by, reasons=found.reasons, positions=positions, rounds=done,
            labels=found.labels, ended_by=ended_by or "",
        )  # fmt: skip

    kind = either(gives(role.member) for role in roles)
    told = [role for role in roles if parameters(role.member) or takes(role.member) is str]
    return Pattern(
        body, kind="debate", name=name, card=card, sketch=_sketch(roles, judging, rounds),
        takes=shared_task("debate", told), gives=applied(Debated, kind), has=applied(dict, str, kind),
    )  # fmt: skip


def _calls(
    ctx: Context, roles: Sequence[Role[object]], step: str, task: object,
    parts: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    said: Mapping[str, Sequence[Utterance]] = MappingProxyType({}),
    accept: Callable[[object], object] | None = None,
) -> dict[str, Primitive[object]]:  # fmt: skip
    """Return the calls in which all take a step, by name."""
    asked = said_by(None, task)
    told = {who: Talk(said=[asked, *each], ask=sections({"step": step})) for who, each in said.items()}
    return {
        role.who: role.call(
            ctx, told.get(role.who, PARTS), None, accept, step=step, task=task, **parts.get(role.who, {})
        )
        for role in roles
    }


async def _round(
    ctx: Context, roles: Sequence[Role[object]], task: object, positions: dict[str, object],
    so_far: SoFar[dict[str, object]],
) -> dict[str, object]:  # fmt: skip
    """Have all criticise, and then revise; returns the new positions."""
    seen = {who: _of_others(positions, who) for who in positions}
    said = {who: _said(each) for who, each in seen.items()}
    calls = _calls(ctx, roles, "criticise", task, {who: {"positions": seen[who]} for who in seen}, said)
    criticisms = dict(zip(calls, await ctx.gather(*calls.values()), strict=True))
    heard = {who: {"position": positions[who], "criticisms": _of_others(criticisms, who)} for who in positions}
    said = {who: [said_by(who, positions[who]), *_said(_of_others(criticisms, who))] for who in positions}
    calls = _calls(ctx, roles, "revise", task, heard, said)
    return await gathered(ctx, calls, so_far, lambda revised: {**positions, **revised})


def _said(by: Mapping[str, object]) -> list[Utterance]:
    """Return what each gave as messages."""
    return [said_by(who, each) for who, each in by.items()]


async def _vote(ctx: Context, roles: Sequence[Role[object]], task: object, positions: Mapping[str, object]) -> Judged:
    """Return who holds the position that wins, and why it does."""
    keys = {who: key_of(position) for who, position in positions.items()}
    held = list(keys.values())
    if winner := _winner("majority", held):
        return _of(keys, winner, f"{held.count(winner)} of {len(held)} hold it.")
    again = begun_with(ctx, 2)  # where a vote is none of the names; before, it was an abstention at once

    def named_by(said: object) -> str | None:
        if not isinstance(said, str):
            return None
        return named(said, keys) if again else said if said in keys else None

    def a_name(said: object) -> None:
        if named_by(said) is None:
            raise NoDecision(f"debate: {key_of(said)} is no debater: {choices(str(said), keys)}.")

    told = {who: {"positions": positions} for who in positions}
    calls = _calls(ctx, roles, "vote", task, told, accept=a_name if again else None)
    named_best = dict(zip(calls, await ctx.gather(*calls.values()), strict=True))
    votes = [None if (who := named_by(said)) is None else keys[who] for said in named_best.values()]
    if winner := _winner("plurality", votes):
        return _of(keys, winner, f"{votes.count(winner)} of {len(votes)} found it the best.")
    said = ", ".join(f"{who} for {key_of(name)}" for who, name in named_best.items())
    raise NoDecision(
        f"debate: no position is held by more than half, and none was named most often: {said}. "
        f"A vote is one of the names {', '.join(positions)}; or let a `judge` decide."
    ).about(*(calls[who].key for who, vote in zip(calls, votes, strict=True) if vote is None))


def _winner(decide: NamedRule, votes: Sequence[str | None]) -> str | None:
    count = Count(rules=BallotRules(decide=decide), weights=[Fraction(1)] * len(votes), votes=dict(enumerate(votes)))
    outcome = count.outcome()
    return outcome.option if isinstance(outcome, Decided) else None


def _of(keys: Mapping[str, str], position: str, reasons: str) -> Judged:
    """Return a position as that of the first one who holds it."""
    return Judged(winner=next(who for who, key in keys.items() if key == position), reasons=reasons)


def _of_others(values: Mapping[str, object], who: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != who}


def _agreed(positions: Mapping[str, object]) -> bool:
    return len(set(map(key_of, positions.values()))) == 1


def _sketch(roles: Sequence[Role[object]], judging: Role[Ruling] | None, rounds: int) -> Sketch:
    parts = {f"debater {number}": role.member for number, role in enumerate(roles, 1)}
    links = [Link(one, other, f"at most {rounds} rounds") for one, other in combinations(parts, 2)]
    if judging is None:
        return Sketch(parts=parts, links=links)
    links += [Link(each, "judge") for each in parts]
    return Sketch(parts={**parts, "judge": judging.member}, links=links)
