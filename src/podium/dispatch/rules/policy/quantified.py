"""Conditions on each value of a list: `context.all.recipients like "*@example.org"`, which Cedar has no words for.

Each such condition is taken out of its rule. It is judged for each value by itself, by Cedar too, and the rule reads
what came of that, as any other attribute.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
        found: list[Json] = []
        for each in input:
            if (inside := values_at(each, path)) is None:
                return None
            found += inside
        return found
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
            case pst.HasAttr(base=pst.Var(name="context"), attrs=(name,)) if name in (ALL, ANY):
                return replace(part, attrs=("input",))
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


def _lists_in(part: pst.Expr) -> Iterator[pst.GetAttr]:
    """Return what stands for each value of a list in an expression."""
    if isinstance(part, pst.GetAttr) and _is_list(part):
        yield part
        return
    for each in _parts(part):
        yield from _lists_in(each)


def _parts(part: pst.Expr) -> Sequence[pst.Expr]:
    match part:
        case pst.BinaryOp(left=left, right=right):
            return left, right
        case pst.UnaryOp(arg=base) | pst.GetAttr(base=base) | pst.HasAttr(base=base) | pst.Like(base=base):
            return (base,)
        case pst.Is(base=base, in_expr=within):
            return (base,) if within is None else (base, within)
        case pst.IfThenElse(cond=cond, then_expr=then, else_expr=other):
            return cond, then, other
        case pst.Set(elements=elements):
            return elements
        case pst.Record(fields=members):
            return tuple(members.values())
        case _:
            return ()


def _put(part: pst.Expr, old: pst.GetAttr, new: pst.GetAttr) -> pst.Expr:
    """Return an expression with one part in place of another one."""
    if part == old:
        return new
    made, inside = part, [_put(each, old, new) for each in _parts(part)]
    match part:
        case pst.BinaryOp():
            made = replace(part, left=inside[0], right=inside[1])
        case pst.UnaryOp():
            made = replace(part, arg=inside[0])
        case pst.GetAttr() | pst.HasAttr() | pst.Like():
            made = replace(part, base=inside[0])
        case pst.Is():
            made = replace(part, base=inside[0], in_expr=inside[1] if inside[1:] else None)
        case pst.IfThenElse():
            made = pst.IfThenElse(*inside)
        case pst.Set():
            made = pst.Set(tuple(inside))
        case pst.Record(fields=members):
            made = pst.Record(pst.FrozenMap(zip(members, inside, strict=True)))
        case _:
            pass
    return made
