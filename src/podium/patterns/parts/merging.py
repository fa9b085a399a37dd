"""How the values of many become one: `tree`, `coordinate`, or one agent or function that is given them all."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from typing_extensions import get_type_hints

from podium.agents.schema import disagreement
from podium.agents.shape import shape_of
from podium.engine.context import Context
from podium.errors import NoDecision, PatternError, UsageError
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import same
from podium.patterns.building.members import ANYTHING, Kind, Member, Stage, applied, at_least, either, gives, name_of
from podium.patterns.building.role import Role
from podium.patterns.parts.joining import Terms, join


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Merge a few neighbours at a time, level by level. Made by `tree`."""

    merge: Stage
    width: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """Pay for a decision only where it is needed. Made by `coordinate`."""

    coordinator: Member
    agree: Callable[[list[Any]], bool] | None = None


def tree(merge: Stage, *, width: int = 8) -> Tree:
    """Map-reduce, for `parallel(…, merge=tree(…))`: `width` neighbours are merged at a time, until one value is left.

    The merges of one level run side by side. `merge` takes what it takes in `parallel`, at most `width` values, and has
    to give what it can merge again; a value without neighbours is passed on as it is. It comes to the same as merging
    all at once where `merge` is associative.
    """
    return Tree(merge=merge, width=width)


def coordinate(coordinator: Member, *, agree: Callable[[list[Any]], bool] | None = None) -> Coordinate:
    """Let an agent decide only where the values disagree, for `parallel(…, merge=coordinate(…))`.

    They agree where all are the same JSON, or where the rule `agree` of `values`, a list, says so; then the first one
    is taken and the coordinator is not called. It takes `task` and `values`, a mapping of name to value: as parameters
    of these names, as a text, or the mapping alone.
    """
    return Coordinate(coordinator=coordinator, agree=agree)


class Merging(Protocol):
    """Makes one value out of many."""

    stage: Stage
    """Who or what does it."""
    label: str
    """How its arrow in a picture is labelled."""
    gives: Kind
    """The type of what it gives."""

    async def of(self, ctx: Context, task: object, values: Mapping[str, object]) -> object:
        """Return the one value."""
        ...


def merging(how: Stage | Tree | Coordinate, kind: Kind, at_once: int | None) -> Merging:
    """Return what merges values of type `kind`; raises PatternError where it cannot."""
    match how:
        case Tree():
            return _Levels(how, kind, at_once)
        case Coordinate():
            return _Decision(how, kind)
        case _:
            return _Whole(how, kind)


class _Whole:
    """One merge of all values."""

    def __init__(self, stage: Stage, *kinds: Kind) -> None:
        self.stage = stage
        self.label = "merge"
        self.gives = gives(stage)
        self._function: Callable[[list[object]], object] | None = None
        self._role: Role[object] | None = None
        if callable(stage) and not is_agent(stage):
            self._function, taken = rule(stage, values=applied(list, either(kinds))), _schema_taken(stage)
        else:
            self._role = Role[object]("parallel", "merger", stage, offers=("task", "values"))
            taken = _taken(self._role)
        for kind in kinds:
            _must_take(name_of(stage), taken, applied(list, kind))

    async def of(self, ctx: Context, task: object, values: Mapping[str, object]) -> object:
        return (await self.each(ctx, task, [list(values.values())]))[0]

    async def each(
        self, ctx: Context, task: object, groups: Sequence[list[object]], at_once: int | None = None
    ) -> Sequence[object]:
        """Merge each group, side by side."""
        if self._function is not None:
            return [self._function(group) for group in groups]
        assert self._role is not None  # there is a function or a role
        calls = {str(n): self._role.call(ctx, group, task=task, values=group) for n, group in enumerate(groups)}
        return list((await join(ctx, calls, Terms(at_once=at_once))).values.values())


class _Levels:
    """Merges of neighbours, level by level."""

    def __init__(self, how: Tree, kind: Kind, at_once: int | None) -> None:
        at_least("tree", "width", how.width, 2)
        self.gives = either([kind, gives(how.merge)])
        self._merge = _Whole(how.merge, kind, gives(how.merge))
        self.stage = how.merge
        self.label = f"merge, {how.width} at a time"
        self._width = how.width
        self._at_once = at_once

    async def of(self, ctx: Context, task: object, values: Mapping[str, object]) -> object:
        left: list[object] = _some(list(values.values()))
        while len(left) > 1:
            groups = [left[n : n + self._width] for n in range(0, len(left), self._width)]
            alone: list[object] = groups.pop() if len(groups[-1]) == 1 else []
            left = [*await self._merge.each(ctx, task, groups, self._at_once), *alone]
        return left[0]


class _Decision:
    """A decision where the values disagree."""

    def __init__(self, how: Coordinate, kind: Kind) -> None:
        self._role = Role[object]("parallel", "coordinator", how.coordinator, offers=("task", "values"))
        _must_take(self._role.who, _taken(self._role), applied(dict, str, kind))
        self._agree = rule(how.agree, values=applied(list, kind)) if how.agree else _all_the_same
        self.stage: Stage = self._role.member
        self.label = "where they disagree"
        self.gives = either([kind, gives(self.stage)])

    async def of(self, ctx: Context, task: object, values: Mapping[str, object]) -> object:
        said = _some(list(values.values()))
        if self._agree(said):
            return said[0]
        return await self._role.ask(ctx, dict(values), task=task, values=dict(values))


def _some(values: list[object]) -> list[object]:
    if not values:
        raise NoDecision("parallel: there is no value to merge: the list was empty.")
    return values


def _all_the_same(values: Sequence[object]) -> bool:
    return all(same(values[0], each) for each in values[1:])


def _schema_taken(function: Callable[..., object]) -> Json:
    """Return the schema of a function's first parameter; that of anything where it cannot be told."""
    try:
        first = next(iter(inspect.signature(function).parameters), "")
        return shape_of(get_type_hints(function).get(first, ANYTHING)).schema
    except (NameError, AttributeError, TypeError, ValueError, UsageError):  # a builtin; it names what is not there
        return {}


def _must_take(who: str, taken: Json, kind: Kind) -> None:
    """Raise PatternError where one that merges certainly does not take values of this type."""
    if wrong := disagreement(shape_of(kind).schema, taken):
        raise PatternError(f"parallel: {who} cannot merge what it is given: {wrong}.")


def _taken(role: Role[object]) -> Json:
    """Return the schema of what an agent takes as the values; a text is made of whatever they are."""
    kind = role.takes("values")
    return {} if kind is str else shape_of(kind).schema
