"""Conditions on each value of a list: `context.all.recipients like "*@example.org"`, which Cedar has no words for.

Each such condition is taken out of its rule. It is judged for each value by itself, by Cedar too, and the rule reads
what came of that, as any other attribute.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import cedarpy
from cedarpy import pst

from podium.dispatch.rules.policy.evaluation import evaluate, policy_set
from podium.dispatch.rules.policy.reading import looks_at
from podium.dispatch.rules.policy.values import cedar_value
from podium.dispatch.rules.policy.words import ALL, ANY
from podium.errors import InvalidValue
from podium.model.json import Json, encode, is_array, is_object

LISTS = "lists"
"""The attribute of the context in which rules find what came of their conditions."""

_MOST = 10_000
"""Different values that a list may have for a policy to look at each."""
_EACH = "each"
_CONTEXT = pst.Var("context")
_WHOLES = frozenset(pst.GetAttr(_CONTEXT, name) for name in (ALL, ANY))
_ANYTHING = pst.ScopeAny()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCondition:
    """A condition on the values of a list, all or any of them."""

    name: str
    """Under which rules find what came of it."""
    every: bool
    """Whether all values have to fulfil it; else any."""
    path: tuple[str, ...]
    """Where the list is in the input."""
    reads: frozenset[str]
    """The attributes of the context that it reads besides."""
    policies: cedarpy.PolicySet

    def fulfilled(
        self, input: Json, requests: Sequence[Json], context: Mapping[str, Json], entities: cedarpy.Entities
    ) -> list[bool | None]:
        """Return, for each request, whether it is fulfilled; None where that cannot be told, as there is no such list.

        Of an empty list all values fulfil it, and none. Raises InvalidValue for a list that is too long.
        """
        found = values_at(input, self.path)
        if found is None:
            return [None] * len(requests)
        values = list({encode(each): each for each in found}.values())
        if len(values) > _MOST:
            raise InvalidValue(
                f"{'.'.join(self.path)} has more than {_MOST:,} values: too many for a policy to look at"
            )
        read = {name: value for name, value in context.items() if name in self.reads}
        asked = [{**each, "context": {**read, _EACH: cedar_value(value)}} for each in requests for value in values]
        said = evaluate(asked, self.policies, entities) if asked else []
        many = len(values)
        return [self._of(said[at * many : (at + 1) * many]) for at in range(len(requests))]

    def _of(self, said: Sequence[cedarpy.AuthzResult]) -> bool | None:
        if any(each.diagnostics.errors for each in said):
            return None
        return all(each.allowed for each in said) if self.every else any(each.allowed for each in said)


def values_at(input: Json, path: Sequence[str]) -> list[Json] | None:
    """Return the values of a list at a path, through the lists on the way; None where any of them has nothing there.

    A value that is no list counts as the only one of its list.
    """
    if is_array(input):
        inside = [values_at(each, path) for each in input]
        return None if None in inside else [each for some in inside for each in cast("list[Json]", some)]
    if not path:
        return None if input is None else [input]
    return values_at(input.get(path[0]), path[1:]) if is_object(input) else None


class Quantified:
    """Takes the conditions on values of lists out of the rules of a file."""

    def __init__(self) -> None:
        self.conditions: dict[str, ListCondition] = {}
        """All of them, by name."""

    def taken_out(self, rule: pst.Template, wrong: list[str]) -> tuple[pst.Template, frozenset[str]]:
        """Return a rule that reads what came of its conditions, and their names; adds what is wrong with them."""
        names: list[str] = []
        clauses = tuple(replace(each, expr=self._without(each.expr, names, wrong)) for each in rule.clauses)
        return replace(rule, clauses=clauses), frozenset(names)

    def _without(self, part: pst.Expr, names: list[str], wrong: list[str]) -> pst.Expr:
        match part:
            case pst.BinaryOp(op="and" | "or", left=left, right=right):
                return replace(part, left=self._without(left, names, wrong), right=self._without(right, names, wrong))
            case pst.UnaryOp(op="not", arg=arg):
                return replace(part, arg=self._without(arg, names, wrong))
            case pst.IfThenElse(cond=cond, then_expr=then, else_expr=other):
                return pst.IfThenElse(*(self._without(each, names, wrong) for each in (cond, then, other)))
            case pst.HasAttr(base=base) if base in _WHOLES:
                return replace(part, base=pst.GetAttr(_CONTEXT, "input"))
            case _:
                return self._condition(part, names, wrong)

    def _condition(self, part: pst.Expr, names: list[str], wrong: list[str]) -> pst.Expr:
        found = list(dict.fromkeys(_lists_in(part)))
        if not found:
            return part
        if len(found) > 1:
            wrong.append("a comparison can be about the values of one list: write one for each, joined by &&")
            return part
        quantifier, *path = _names(found[0])
        if not path:
            wrong.append(f"context.{quantifier} stands before the name of a list: context.{quantifier}.recipients")
            return part
        name = f"context.{quantifier}.{'.'.join(path)} #{len(self.conditions) + 1}"
        when = pst.When(_put(part, found[0], pst.GetAttr(_CONTEXT, _EACH)))
        policy = pst.Template(
            id=name, effect="permit", principal=_ANYTHING, action=_ANYTHING, resource=_ANYTHING, clauses=(when,),
            annotations={},
        )  # fmt: skip
        self.conditions[name] = ListCondition(
            name=name, every=quantifier == ALL, path=tuple(path), reads=looks_at(policy),
            policies=policy_set({name: policy}),
        )  # fmt: skip
        names.append(name)
        return pst.GetAttr(pst.GetAttr(_CONTEXT, LISTS), name)


def _names(part: pst.Expr) -> list[str]:
    names: list[str] = []
    while isinstance(part, pst.GetAttr):
        names.append(part.attr)
        part = part.base
    return names[::-1]


def _is_list(part: object) -> bool:
    while isinstance(part, pst.GetAttr) and part not in _WHOLES:
        part = part.base
    return part in _WHOLES


def _lists_in(part: object) -> Iterator[pst.GetAttr]:
    """Return what stands for each value of a list in an expression."""
    if isinstance(part, pst.GetAttr) and _is_list(part):
        yield part
        return
    for each in _parts(part):
        yield from _lists_in(each)


def _parts(part: object) -> Iterator[object]:
    if isinstance(part, Mapping):
        yield from cast("Mapping[str, object]", part).values()
    elif isinstance(part, tuple):
        yield from cast("tuple[object, ...]", part)
    elif is_dataclass(part):
        yield from (getattr(part, each.name) for each in fields(part))


def _put(part: Any, old: pst.GetAttr, new: pst.GetAttr) -> Any:
    """Return an expression with one part in place of another one."""
    if part == old:
        return new
    if isinstance(part, pst.FrozenMap):
        return pst.FrozenMap({name: _put(each, old, new) for name, each in cast("Mapping[str, Any]", part).items()})
    if isinstance(part, tuple):
        return tuple(_put(each, old, new) for each in cast("tuple[Any, ...]", part))
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{each.name: _put(getattr(part, each.name), old, new) for each in fields(part)})
    return part
