"""`parallel`: the same to many at once, and what they gave joined."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, Unpack, overload

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import NoDecision, PatternError
from podium.model.agent import Agent
from podium.model.task import Task
from podium.patterns.building.inputs import input_for
from podium.patterns.building.members import (
    ANYTHING,
    GivingAgent,
    Kind,
    Member,
    Stage,
    applied,
    at_least,
    by_name,
    either,
    gives,
    member,
    same_input,
    takes,
)
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.talking import asked
from podium.patterns.parts.joining import Joined, Terms, join
from podium.patterns.parts.merging import Coordinate, Merging, Tree, merging

In = TypeVar("In")
Out = TypeVar("Out")
T = TypeVar("T")


@overload
def parallel(
    *agents: Agent[In, T], at_once: int | None = None, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern[In, list[T]]: ...
@overload
def parallel(
    *, over: Agent[In, T], at_once: int | None = None, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern[list[In], list[T]]: ...
@overload
def parallel(
    *agents: Agent[In, T], merge: GivingAgent[Out] | Callable[[list[T]], Out], at_once: int | None = None,
    name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[In, Out]: ...  # fmt: skip
@overload
def parallel(
    *agents: Agent[In, T], quorum: int, at_once: int | None = None, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern[In, Joined[T]]: ...
@overload
def parallel(
    *agents: Agent[In, T], partial: Literal[True], at_once: int | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern[In, Joined[T]]: ...  # fmt: skip
@overload
def parallel(
    *agents: Member, over: Member | None = None, offering: str | None = None,
    merge: Stage | Tree | Coordinate | None = None, quorum: int | None = None, partial: bool = False,
    at_once: int | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern: ...  # fmt: skip
@pattern
def parallel(
    *agents: Member, over: Member | None = None, offering: str | None = None,
    merge: Stage | Tree | Coordinate | None = None, quorum: int | None = None, partial: bool = False,
    at_once: int | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """Ask many at once; gives the list of their values, or what `merge` makes of it.

    Who is asked: `agents`, each with the same input; or the agent `over`, once for each item of a list; or all who
    offer the capability `offering` when it runs, each with the same input. `merge` is a function of the list of
    values, an agent (it takes the list, or parameters `task` and `values`), `tree(…)` or `coordinate(…)`.

    The first failure fails it, unless `partial`. With `quorum=k` the first k values do, failures do not count, and the
    others are cancelled. With either of the two it gives a Joined: the values by name (of the agent, or the number of
    the item), why the others are missing, and what was merged. At most `at_once` run at the same time. With
    `on_failure="partial"` all are asked too, and where one fails that has to answer, a Partial has the Joined: nothing
    is merged then.

    Raises NoDecision where no agent offers the capability, where fewer than `quorum` (with `partial`: none) gave a
    value, and where `tree` or `coordinate` have no value at all.
    """
    asked = _asked(agents, over, offering, name)
    _check_bounds(len(agents), quorum, at_once)
    terms = Terms(quorum=quorum, partial=partial, at_once=at_once)
    merger = None if merge is None else merging(merge, asked.gives, at_once)

    async def body(ctx: Context, task: object, so_far: SoFar[Joined[object]]) -> object:
        joined = await join(ctx, await asked.calls(ctx, task), terms, so_far)
        if merger is None:
            return joined if terms.forgiving else list(joined.values.values())
        merged = await merger.of(ctx, task, joined.values)
        return replace(joined, merged=merged) if terms.forgiving else merged

    kind = asked.gives
    whole = applied(list, kind) if merger is None else merger.gives
    return Pattern(
        body, kind="parallel", name=name, card=card, sketch=_sketch(asked, merger), takes=asked.takes,
        gives=applied(Joined, kind) if terms.forgiving else whole, has=applied(Joined, kind),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Who is asked, and how: `calls` makes the calls of a value of type `takes`."""

    parts: Mapping[str, Stage | Task]
    calls: Callable[[Context, Any], Awaitable[Mapping[str, Primitive[object]]]]
    takes: Kind = ANYTHING
    gives: Kind = ANYTHING


def _asked(agents: tuple[Member, ...], over: Member | None, offering: str | None, name: str | None) -> _Question:
    if (bool(agents) + (over is not None) + (offering is not None)) != 1:
        raise PatternError("parallel needs one of the three: agents, over=agent, or offering='capability'.")
    if over is not None:
        return _each_item(member("parallel", over, "over"))
    return _all_of(agents) if offering is None else _whoever_offers(offering, name)


def _all_of(agents: tuple[Member, ...]) -> _Question:
    named = by_name("parallel", agents)

    async def calls(ctx: Context, task: object) -> Mapping[str, Primitive[object]]:
        return {name: asked(ctx, each, input_for(ctx, each, task)) for name, each in named.items()}

    parts = {str(number): each for number, each in enumerate(named.values())}
    return _Question(
        parts=parts, calls=calls, takes=same_input("parallel", list(named.values())),
        gives=either(map(gives, named.values())),
    )  # fmt: skip


def _each_item(agent: Member) -> _Question:
    async def calls(ctx: Context, items: list[object]) -> Mapping[str, Primitive[object]]:
        return {str(number): asked(ctx, agent, input_for(ctx, agent, item)) for number, item in enumerate(items)}

    kind = takes(agent)
    return _Question(parts={"for each": agent}, calls=calls, takes=applied(list, kind), gives=gives(agent))


def _whoever_offers(capability: str, own: str | None) -> _Question:
    async def calls(ctx: Context, task: object) -> Mapping[str, Primitive[object]]:
        found = dict.fromkeys(card.name for card in await ctx.find(capability))
        found.pop(own or "", None)  # it may offer itself what it asks others for
        if not found:
            raise NoDecision(
                f"parallel: nobody offers {capability!r}. Register an agent with capabilities={{{capability!r}}}. "
                "Those whom a policy forbids anyway do not count."
            )
        return {name: asked(ctx, name, input_for(ctx, name, task)) for name in found}

    return _Question(parts={"for each": Task(capability=capability)}, calls=calls)


def _check_bounds(agents: int, quorum: int | None, at_once: int | None) -> None:
    if at_once is not None:
        at_least("parallel", "at_once", at_once)
    if quorum is None:
        return
    at_least("parallel", "quorum", quorum)
    if 0 < agents < quorum:
        raise PatternError(f"parallel was given quorum={quorum} and {agents} agents: expected at most {agents}.")


def _sketch(asked: _Question, merger: Merging | None) -> Sketch:
    numbered = "0" in asked.parts
    if merger is None:
        return Sketch(parts=asked.parts, roles=not numbered)
    links = [Link(each, "merge", merger.label) for each in asked.parts]
    return Sketch(parts={**asked.parts, "merge": merger.stage}, links=links, roles=not numbered)
