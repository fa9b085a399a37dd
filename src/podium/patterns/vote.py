"""`vote`: several decide, and no vote is bought that cannot matter."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypeVar, Union, Unpack, get_args

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import NoDecision, PatternError
from podium.model.json import Json
from podium.patterns.building.inputs import PARTS
from podium.patterns.building.members import (
    GivingAgent,
    Member,
    applied,
    at_least,
    either,
    gives,
    known,
    members,
    takes,
)
from podium.patterns.building.named import filled_by
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import Role, shared_task
from podium.patterns.parts.ballot import BallotRules, Count, Decided, NamedRule, Tied, exact, key_of
from podium.patterns.parts.polling import Ballot, Poll

T = TypeVar("T")


@pattern
def vote(
    *voters: GivingAgent[T] | str, times: int = 1, decide: NamedRule | float = "majority",
    weights: Mapping[str, float] | None = None, tie: Literal["none", "first"] | Member = "none",
    confidence: float | None = None, at_once: int | None = None, quorum: int | None = None,
    options: Sequence[Json] | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Ballot[T]]:  # fmt: skip
    """Several decide; gives a Ballot. No further vote is bought once none can matter.

    **Votes.** A voter takes the task, or parameters `task` and `options`, and gives its choice: any JSON; the same JSON
    is the same option. An abstention is None, a failure, and, where `options` are given, what is none of them. Each
    voter is asked `times` times: all of them once, then all of them again.

    **Decision.** Of the weight of the votes cast (abstentions do not count), `majority` takes more than half,
    `plurality` the most, `unanimous` all, and a number at least that share. `weights` are by voter; 1 where none is
    given. Fewer than `quorum` votes (1, unless given) decide nothing.

    **Ties.** Several options tie that have the same weight, of which each would win if the others were not equal: under
    `plurality` all with the most; under `majority` two with half each; under a share those with the most that reach
    it. `tie="first"` takes the one for which the first voter in their order voted; an agent decides, and is handed
    `task`, `options` (those that tie) and `votes`.

    **Buying.** Votes are bought in the order of the voters, and only until the outcome is certain, whatever the others
    would vote; those still at work then are cancelled. `at_once` are bought at a time; with None as many as a decision
    needs at least. More at a time take less time, and may be bought in vain.

    **Confidence.** With `confidence=0.95` no further vote is bought either once the leader is ahead with that
    certainty: P(p > 1/2) for p ~ Beta(a + 1, b + 1), a being its votes and b those of the runner-up (with `majority`:
    of all others). This is adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860). It takes votes to be alike
    and independent, so there are no `weights`, and needs `majority` or `plurality`. Over crowds of every kind, counted
    exactly, it agrees with the full count at least as often as it says: from 0.8 on with two options, from 0.9 on with
    three.

    Raises NoDecision where no option has what it needs, where a tie is left, and where fewer than `quorum` voted.
    """
    polled = members("vote", voters, what="voters")
    at_least("vote", "times", times)
    told = {} if options is None else {"options": list(options)}
    roles = [Role[object]("vote", "voter", each, offers=("task", *told)) for each in polled]
    seats, labels = roles * times, [_label(role.who, turn) for turn in range(1, times + 1) for role in roles]
    chair = None if tie in ("none", "first") else _chair(tie)
    rules = BallotRules(
        decide=_rule(decide), tie="ask" if chair else "first" if tie == "first" else "none",
        quorum=_quorum(quorum, len(seats)), confidence=_confidence(confidence, decide, weights),
        options=None if options is None else _keys(options),
    )  # fmt: skip
    of_voters = _weights(weights, [role.who for role in roles])
    at_least("vote", "at_once", 1 if at_once is None else at_once)

    async def body(ctx: Context, task: object, so_far: SoFar[dict[str, object]]) -> object:
        poll = Poll(labels, Count(rules=rules, weights=of_voters * times, votes={}), begun_with(ctx, 2) and options)
        outcome = await poll.run(ctx, lambda seat: _asked(ctx, seats[seat], task, told, poll), at_once)
        if any(vote is not None for vote in poll.votes.values()):
            so_far.reached(poll.votes)
        if isinstance(outcome, Decided):
            return poll.ballot(outcome.option, poll.why(outcome.option))
        if isinstance(outcome, Tied) and chair is not None:
            return await _broken(ctx, chair, task, poll, outcome)
        raise NoDecision(f"vote{f' {name}' if name else ''}: {poll.objection(outcome)}", failures=poll.failures)

    kind = either(map(gives, polled))
    return Pattern(
        body, kind="vote", name=name, card=card, sketch=_sketch(polled, chair), takes=shared_task("vote", roles),
        gives=applied(Ballot, kind), has=applied(dict, str, applied(Union, kind, None)),
    )  # fmt: skip


def _label(who: str, turn: int) -> str:
    return who if turn == 1 else f"{who}#{turn}"


def _asked(
    ctx: Context, voter: Role[object], task: object, told: Mapping[str, object], poll: Poll
) -> Primitive[object]:
    """Return the call of a voter: one that takes a text finds the options in it."""
    whole = PARTS if told and takes(filled_by(ctx, voter.member)) is str else task
    return voter.call(ctx, whole, None, poll.valid if poll.options else None, task=task, **told)


def _chair(tie: Member) -> Role[object]:
    return Role[object]("vote", "tie-breaker", tie, offers=("task", "options", "votes"))


async def _broken(ctx: Context, chair: Role[object], task: object, poll: Poll, tied: Tied) -> Ballot[object]:
    """Have a tie broken."""
    options = [poll.option(key) for key in tied.options]

    def one_of_them(chosen: object) -> str:
        if (key := key_of(chosen)) not in tied.options:
            raise NoDecision(
                f"vote: {chair.who}, its {chair.title}, chose {key}, which is none of {', '.join(tied.options)}. "
                "Have it give one of the `options`."
            )
        return key

    key = await chair.settle(ctx, one_of_them, task=task, options=options, votes=poll.votes)
    return poll.ballot(key, f"{poll.tie(tied)}; {chair.who} decided for {key}.")


def _rule(decide: NamedRule | float) -> NamedRule | float:
    if decide in get_args(NamedRule) or (not isinstance(decide, str) and 0 < decide <= 1):
        return decide
    raise PatternError(
        f"vote was given decide={decide!r}: expected {', '.join(get_args(NamedRule))}, or a share above 0 up to 1."
    )


def _quorum(quorum: int | None, votes: int) -> int:
    if quorum is None:
        return 1
    at_least("vote", "quorum", quorum)
    if quorum > votes:
        raise PatternError(f"vote was given quorum={quorum}, and there are {votes} votes: expected at most that many.")
    return quorum


def _confidence(
    confidence: float | None, decide: NamedRule | float, weights: Mapping[str, float] | None
) -> float | None:
    if confidence is None:
        return None
    if not 0.5 < confidence < 1:  # noqa: PLR2004 - what a coin knows, and certainty
        raise PatternError(f"vote was given confidence={confidence}: expected more than 0.5 and less than 1.")
    if weights is not None:
        raise PatternError("vote cannot count with confidence where votes have weights: leave one of the two out.")
    if decide not in ("majority", "plurality"):
        raise PatternError(f"vote cannot decide by {decide!r} with confidence: use majority or plurality.")
    return confidence


def _keys(options: Sequence[Json]) -> tuple[str, ...]:
    """Return what can be voted for."""
    try:
        keys = tuple(dict.fromkeys(map(key_of, options)))
    except ValueError as error:
        raise PatternError(f"vote was given options={list(options)!r}: expected JSON; {error}.") from error
    if len(keys) < max(2, len(options)):
        raise PatternError(f"vote was given options={list(options)!r}: expected at least 2, all different.")
    return keys


def _weights(weights: Mapping[str, float] | None, voters: Sequence[str]) -> list[Fraction]:
    """Return the weight of each voter."""
    given = weights or {}
    known("vote", "weights", given, voters)
    for who, weight in given.items():
        if not (weight > 0 and math.isfinite(weight)):
            raise PatternError(f"vote was given the weight {weight} for {who}: expected a number above 0.")
    return [exact(given.get(who, 1)) for who in voters]


def _sketch(voters: Sequence[Member], chair: Role[object] | None) -> Sketch:
    parts = {f"voter {number}": each for number, each in enumerate(voters, 1)}
    if chair is None:
        return Sketch(parts=parts)
    return Sketch(
        parts={**parts, chair.title: chair.member}, links=[Link(each, chair.title, "a tie") for each in parts]
    )
