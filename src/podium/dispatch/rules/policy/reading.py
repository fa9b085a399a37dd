"""What a policy looks at, and whether it speaks of things that exist: read from its syntax tree."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from cedarpy import pst

from podium.dispatch.rules.policy.attributes import CONTEXT, VALUES, VARIES
from podium.dispatch.rules.policy.values import ESCAPES
from podium.dispatch.rules.policy.words import (
    ACTIONS,
    ALL,
    ANY,
    ENTITY_ATTRIBUTES,
    PRINCIPAL,
    TOOL,
    TYPES,
    USE_TOOL,
    whole,
)

_CONTEXT = pst.Var("context")
_INPUT = pst.GetAttr(_CONTEXT, "input")
_VALUES = {pst.GetAttr(_CONTEXT, name): name for name in VALUES}


def looks_at(rule: pst.Template) -> frozenset[str]:
    """Return the attributes that a rule reads, at whatever depth, and the types of entities that it names.

    `whole(…)` of an attribute that is a value is among them where it is not only members of it that are read.
    """
    found: set[str] = set()
    bare = dict.fromkeys(
        (_CONTEXT, *_VALUES), 0
    )  # times that they stand there as a whole, such as in `context == {...}`
    for node in _nodes(rule):
        match node:
            case pst.GetAttr(base=base, attr=name):
                found.add(name)
            case pst.HasAttr(base=base, attrs=names):
                found.update(names)
            case pst.EntityType(basename=name):
                found.add(name)
                continue
            case pst.Var(name=name):
                found.add(name)
                base = None
            case _:
                base = None
        for each in bare:
            bare[each] += (node == each) - (base == each)
    if rule.principal != pst.ScopeAny():
        found.add(PRINCIPAL)
    if bare[_CONTEXT]:
        found |= VARIES | CONTEXT.keys()
    if found & {ALL, ANY}:
        found.add("input")
    found.update(whole(name) for value, name in _VALUES.items() if bare[value] or bare[_CONTEXT])
    return frozenset(found)


def mistakes_in(rule: pst.Template) -> Iterator[str]:
    """Tell what a rule speaks of that does not exist: such a rule would never say anything."""
    for node in _nodes(rule):
        match node:
            case pst.EntityUid(type=pst.EntityType(basename="Action", namespace=()), id=name):
                if name not in ACTIONS:
                    yield f'there is no action Action::"{name}"; there are {", ".join(ACTIONS)}'
            case pst.EntityType(basename=name, namespace=namespace):
                if namespace or name not in (*TYPES, "Action"):
                    yield f"there is no type {node}; there are {', '.join(TYPES)}"
            case pst.GetAttr(base=pst.Var(name=variable), attr=name):
                yield from _unknown(variable, name)
            case pst.HasAttr(base=pst.Var(name=variable), attrs=names):
                yield from _unknown(variable, names[0])
            case _:
                pass
    for _, name in _attributes(rule):
        if name.startswith(ESCAPES):
            yield f"{name} cannot be read: members of an input whose names begin with {ESCAPES} are left out"


def reads_wrapped(rule: pst.Template) -> bool:
    """Whether a rule may be about a tool and reads its input as `{"tool": …, "arguments": …}`, as it once was.

    It is the arguments themselves: such a rule would say nothing any more. Where it cannot be told what an attribute
    is read of, it counts.
    """
    return may_match(rule, USE_TOOL, TOOL, None) and any(
        name in _WRAPPED and _is_input(base) for base, name in _attributes(rule)
    )


_WRAPPED = ("tool", "arguments")


def _attributes(rule: pst.Template) -> Iterator[tuple[pst.Expr | None, str]]:
    """Return what is read of what; the members of a record that something is compared with as read of anything."""
    for node in _nodes(rule):
        match node:
            case pst.GetAttr(base=base, attr=name):
                yield base, name
            case pst.HasAttr(base=base, attrs=names):
                yield base, names[0]
            case pst.Record(fields=members):
                yield from ((None, name) for name in members)
            case _:
                pass


def _is_input(base: pst.Expr | None) -> bool:
    """Whether an expression is the input of what is asked about, or cannot be told from it."""
    root = base
    while isinstance(root, pst.GetAttr):
        root = root.base
    return base == _INPUT or not isinstance(root, pst.Var)


def paths_read(rule: pst.Template) -> set[tuple[str, ...]]:
    """Return what a rule reads of the variables, such as `("context", "input", "amount")`, with all that is above."""
    return {(*path, name) for base, name in _attributes(rule) if (path := _path(base))}


def entities_in(rule: pst.Template) -> set[tuple[str, str]]:
    """Return the entities that a rule names, by type and name; actions are none."""
    found = {(node.type.basename, node.id) for node in _nodes(rule) if isinstance(node, pst.EntityUid)}
    return {each for each in found if each[0] != "Action"}


def names_compared(rule: pst.Template) -> set[tuple[tuple[str, ...], str]]:
    """Return the texts with which attributes are compared, such as `"desk"` with `("context", "caller")`."""
    found: set[tuple[tuple[str, ...], str]] = set()
    for node in _nodes(rule):
        if isinstance(node, pst.BinaryOp):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                found |= {(path, text) for text in _texts(other) if (path := _path(one))}
    return found


def _texts(part: pst.Expr) -> list[str]:
    match part:
        case pst.StringLit(value=text):
            return [text]
        case pst.Set(elements=elements):
            return [text for each in elements for text in _texts(each)]
        case _:
            return []


def _path(base: pst.Expr | None) -> tuple[str, ...]:
    """Return the variable that an expression begins with and the attributes after it; nothing for any other."""
    names: list[str] = []
    while isinstance(base, pst.GetAttr):
        names.append(base.attr)
        base = base.base
    return (base.name, *reversed(names)) if isinstance(base, pst.Var) else ()


def may_match(rule: pst.Template, action: str, kind: str, id: str | None) -> bool:
    """Whether the head of a rule leaves room for an action on a resource; True where it cannot be told."""
    return _for_action(rule.action, action) and _for_resource(rule.resource, kind, id)


def named_resource(rule: pst.Template) -> tuple[str, str] | None:
    """Return the only resource that a rule is about, by type and name."""
    match rule.resource:
        case pst.ScopeEq(entity=pst.EntityUid(type=kind, id=name)):
            return kind.basename, name
        case _:
            return None


def resource_within(rule: pst.Template) -> tuple[str, str] | None:
    """Return what all resources are in that a rule is about, by type and name."""
    match rule.resource:
        case pst.ScopeIn(entity=pst.EntityUid() as uid) | pst.ScopeIsIn(entity=pst.EntityUid() as uid):
            return uid.type.basename, uid.id
        case _:
            return None


def plain(rule: pst.Template) -> bool:
    """Whether a rule is about everything."""
    anything = pst.ScopeAny()
    return not rule.clauses and rule.principal == anything and rule.action == anything and rule.resource == anything


def _for_action(scope: pst.ActionConstraint, action: str) -> bool:
    match scope:
        case pst.ActionEq(entity=uid):
            return uid.id == action
        case pst.ActionIn(entities=uids):
            return any(uid.id == action for uid in uids)
        case _:
            return True


def _for_resource(scope: pst.PrincipalOrResourceConstraint, kind: str, id: str | None) -> bool:
    match scope:
        case pst.ScopeEq(entity=pst.EntityUid() as uid):
            return uid.type.basename == kind and id in (None, uid.id)
        case pst.ScopeIs(entity_type=wanted) | pst.ScopeIsIn(entity_type=wanted):
            return wanted.basename == kind
        case _:
            return True


def _unknown(variable: str, name: str) -> Iterator[str]:
    known = CONTEXT if variable == "context" else ENTITY_ATTRIBUTES.get(variable, ())
    if name not in known:
        yield f"{variable}.{name} does not exist; there are {', '.join(f'{variable}.{each}' for each in known)}"


def _nodes(root: Any) -> Iterator[Any]:
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            stack.extend(node.values())  # pyright: ignore[reportUnknownArgumentType] - a tree of many types
        elif isinstance(node, tuple):
            stack.extend(node)  # pyright: ignore[reportUnknownArgumentType] - the same
        elif is_dataclass(node) and not isinstance(node, type):
            yield node
            stack.extend(getattr(node, each.name) for each in fields(node))
