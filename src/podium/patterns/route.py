"""`route`: a task to the agent that fits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Union, Unpack

from typing_extensions import TypeIs

from podium.engine.context import Context
from podium.errors import NoDecision, PatternError
from podium.model.agent import is_agent
from podium.model.task import Task
from podium.patterns.building.expression import Predicate, rule
from podium.patterns.building.inputs import PARTS, input_for, plain
from podium.patterns.building.members import (
    ANYTHING,
    Kind,
    Member,
    Stage,
    abilities,
    applied,
    either,
    gives,
    known,
    member,
    name_of,
    takes,
)
from podium.patterns.building.named import described, filled_by
from podium.patterns.building.names import choices, named
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role
from podium.patterns.building.talking import asked, speaking

Chooser = Callable[[Any], str] | Member | Mapping[str, Predicate]
TargetOf = Callable[[object], Member | Task]
"""Returns where a key leads; raises NoDecision where it leads nowhere."""
Choosing = Callable[[Context, object, TargetOf], Awaitable[Member | Task]]

_OTHERWISE = "otherwise"


@pattern
def route(
    routes: Mapping[str, Member | Task],
    by: Chooser,
    *,
    otherwise: Member | Task | None = None,
    name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern:
    """Hand a task to the one agent that fits, by the key of its route; gives what that agent gives.

    `by` finds the key: a rule of the `task` that gives it; or a mapping of key to condition, a rule of the `task` too,
    of which the first that holds counts; or an agent that classifies. That one takes the task, or parameters `task`
    and `routes`, a mapping of key to what the agent there says of itself, and gives the key as a text. A language
    model and a person get both. A route may also lead to a `Task`: the router chooses its agent.

    Where there is no such key the task goes to `otherwise`, which a classifier sees under this name; without it
    NoDecision is raised.
    """
    if not routes or (_OTHERWISE in routes and otherwise is not None):
        raise PatternError("route needs at least 1 route; with `otherwise` none of them may be called 'otherwise'.")
    targets = {key: _target(each, f"the route {key!r}") for key, each in routes.items()}
    fallback = None if otherwise is None else _target(otherwise, _OTHERWISE)
    everyone = {**targets, _OTHERWISE: fallback} if fallback is not None else targets
    kind = _any_of([_of(takes, each) for each in everyone.values()])
    who, choose = _choosing(by, everyone, list(targets), kind)

    def target_of(key: object) -> Member | Task:
        said = named(key, targets) if isinstance(key, str) else None
        target = fallback if said is None else targets[said]
        if target is None:
            wrong = "no condition holds" if isinstance(by, Mapping) else f"{name_of(who)} gave {key!r}"
            raise NoDecision(
                f"route: {wrong}: {choices(str(key), targets)}. Give one of these keys; or add a route, or `otherwise`."
            )
        return target

    async def body(ctx: Context, task: object) -> object:
        target = await choose(ctx, task, target_of)
        if isinstance(target, Task):
            return await ctx.call(target, plain(task), conversation=speaking(ctx))
        return await asked(ctx, target, input_for(ctx, target, task), speaking(ctx))

    return Pattern(
        body, kind="route", name=name, card=card, sketch=_sketch(who, everyone),
        takes=kind,
        gives=either(_of(gives, each) for each in everyone.values()),
    )  # fmt: skip


def _of(side: Callable[[Stage], Kind], target: Member | Task) -> Kind:
    """Return the type of a target's input or output."""
    return ANYTHING if isinstance(target, Task) else side(target)


def _any_of(kinds: Sequence[Kind]) -> Kind:
    """Return the type of what one of the targets takes: a rule sees it as what it is, also beside unknown ones."""
    known_kinds = [kind for kind in kinds if kind is not ANYTHING]
    return applied(Union, *known_kinds, *([ANYTHING] if ANYTHING in kinds else []))


def _target(value: object, what: str) -> Member | Task:
    return value if isinstance(value, Task) else member("route", value, what)


def _choosing(
    by: Chooser, everyone: Mapping[str, Member | Task], keys: list[str], kind: Kind
) -> tuple[Stage, Choosing]:
    """Return who or what chooses, and how."""
    if isinstance(by, str) or is_agent(by):
        return _classifier(by, everyone)
    if _is_mapping(by):
        return _first_that_holds(by, keys, kind)
    function = rule(by, task=kind)

    async def by_function(_: Context, task: object, target_of: TargetOf) -> Member | Task:
        return target_of(function(task))

    return by, by_function


def _is_mapping(by: Chooser) -> TypeIs[Mapping[str, Predicate]]:
    return isinstance(by, Mapping)


def _first_that_holds(by: Mapping[str, Predicate], keys: list[str], kind: Kind) -> tuple[Stage, Choosing]:
    known("route", "by", by, keys)
    if unreached := [key for key in keys if key not in by]:
        raise PatternError(f"route: no condition of `by` leads to {', '.join(unreached)}: give each route one.")
    conditions = {key: rule(each, task=kind) for key, each in by.items()}

    def first_that_holds(task: object) -> str | None:
        return next((key for key, holds in conditions.items() if holds(task)), None)

    async def by_conditions(_: Context, task: object, target_of: TargetOf) -> Member | Task:
        return target_of(first_that_holds(task))

    return first_that_holds, by_conditions


def _classifier(by: Member, everyone: Mapping[str, Member | Task]) -> tuple[Stage, Choosing]:
    role = Role[str]("route", "classifier", by, offers=("task", "routes"), gives=str)
    members = {key: each for key, each in everyone.items() if not isinstance(each, Task)}
    own = abilities("route", role.who, members)

    async def by_agent(ctx: Context, task: object, target_of: TargetOf) -> Member | Task:
        able = await described(ctx, own, members)
        routes = {key: able.get(key) or _called(each) for key, each in everyone.items()}
        whole = PARTS if _told_all(filled_by(ctx, role.member)) else task
        return await role.settle(ctx, target_of, whole, task=task, routes=routes)

    return role.member, by_agent


def _told_all(by: Member) -> bool:
    """Whether a classifier is told the routes too, in words."""
    return is_agent(by) and by.card.traits.reads_text and (takes(by) is str or takes(by) is ANYTHING)


def _called(target: Member | Task) -> str:
    return f"whoever offers {target.capability}" if isinstance(target, Task) else name_of(target)


def _sketch(who: Stage, everyone: Mapping[str, Member | Task]) -> Sketch:
    parts = {"by": who, **{f"to {key}": each for key, each in everyone.items()}}
    links = [Link("by", f"to {key}", key) for key in everyone]
    return Sketch(parts=parts, links=links, roles=False)
