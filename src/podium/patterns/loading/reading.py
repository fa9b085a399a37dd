"""Makes of what is written down what a place wants: agents, rules, values, patterns."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar, cast, get_origin

from podium.errors import PatternError
from podium.model.agent import AnyAgent, is_agent
from podium.patterns.building.expression import Expression, cel
from podium.patterns.building.members import Member
from podium.patterns.building.names import meant, reads_as_name
from podium.patterns.building.pattern import Pattern, is_pattern
from podium.patterns.building.wanted import Wanted, is_agent_class, wanted
from podium.patterns.loading.building import CallForm, form_of, makers
from podium.patterns.loading.importing import ADDRESS, imported
from podium.patterns.loading.node import Mistake, Mistaken, Scalar, SourceNode, Table, wrong, wrong_rule
from podium.patterns.loading.scalars import UNFIT, natural, scalar

T = TypeVar("T")


class Names(Protocol):
    """Who is known by name."""

    def get(self, node: Scalar) -> AnyAgent | None:
        """Return the agent of the name that stands there; None for an unknown name."""
        ...

    def unknown(self, node: Scalar) -> Member:
        """Return what an unknown name stands for; raises Mistaken where it may not stand there."""
        ...


class NodeReader:
    """Reads nodes by the annotation of the place where they stand."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._named: dict[str, object] = {}

    def pattern(self, node: SourceNode, **given: object) -> Pattern:
        """Return the pattern that a mapping of one key describes."""
        form = self._form(node)
        if not isinstance(node, Table) or form is None or not _is_of_pattern(form):
            raise _no_pattern(node)
        made = self._made(node, form, given)
        assert is_pattern(made)  # its function says so
        return made

    def agent(self, node: Table, **given: object) -> AnyAgent:
        """Return what a mapping of one key describes: a pattern, or a person."""
        form = self._form(node)
        if form is None or not is_agent_class(form.gives):
            raise _no_pattern(node)
        made = self._made(node, form, given)
        assert is_agent(made)  # its function says so
        return made

    def read(self, node: SourceNode, hint: object) -> object:
        """Return what an annotation wants; raises Mistaken with all mistakes that can be told at once."""
        place = wanted(hint)
        if isinstance(node, Scalar):
            return self._scalar(node, place)
        if isinstance(node, Table):
            return self._table(node, place)
        if place.collect is not None:
            return place.collect(_collected([partial(self.read, each, place.items) for each in node.items]))
        if place.anything:
            return natural(node)
        raise wrong(node, f"expected {place.described()}, got a list.")

    def _scalar(self, node: Scalar, place: Wanted) -> object:
        found = scalar(node, place)
        if found is not UNFIT:
            return found
        if isinstance(node.value, str) and (node.value or not node.plain):
            if place.agent or (place.function and (str not in place.scalars or ADDRESS.fullmatch(node.value))):
                return self._reference(node, node.value, place)
            if place.kind:
                return _type(node, node.value)
            if str in place.scalars:
                return node.value
        if place.anything:
            return natural(node)
        got = "nothing" if node.value in (None, "") else repr(node.value)
        raise wrong(node, f"expected {place.described()}, got {got}.")

    def _reference(self, node: Scalar, text: str, place: Wanted) -> object:
        """Return who or what a text names: an agent, a function, a rule."""
        if place.agent and (found := self._names.get(node)) is not None:
            return found
        if ADDRESS.fullmatch(text):
            return _fitting(node, imported(node, text), place)
        if place.agent and (not place.function or reads_as_name(text)):
            return self._names.unknown(node)
        return _rule(node, text)

    def _table(self, node: Table, place: Wanted) -> object:
        form = self._form(node)
        if form is not None and place.agent and is_agent_class(form.gives):
            return self._made(node, form, {})
        if form is not None and form.gives in place.classes:
            return self._made(node, form, {})
        if place.classes and (filled := _fitting_class(node, place.classes)) is not None:
            return form_of(filled).build(node, node.place, self.read)
        if place.values is not None:
            names, nodes = list(node.entries), node.entries.values()
            return dict(zip(names, _collected([partial(self.read, each, place.values) for each in nodes]), strict=True))
        if place.anything:
            return natural(node)
        if place.agent:
            raise _no_pattern(node)
        if place.classes:
            forms = " or ".join(f"those of {form_of(each).title} ({form_of(each).names()})" for each in place.classes)
            raise wrong(node, f"expected a mapping of options, {forms}; got {', '.join(node.entries) or 'none'}.")
        raise wrong(node, f"expected {place.described()}, got a mapping.")

    def _form(self, node: SourceNode) -> CallForm | None:
        """Return the form of the function that a mapping of one key names; None where it names none."""
        if not isinstance(node, Table) or len(node.entries) != 1:
            return None
        maker = makers().get(next(iter(node.entries)))
        return None if maker is None else form_of(maker)

    def _made(self, node: Table, form: CallForm, given: dict[str, object]) -> object:
        """Call a function; what has a name and is written the same twice is one and the same."""
        ((kind, inner),) = node.entries.items()
        named = isinstance(inner, Table) and "name" in inner.entries
        written = json.dumps(natural(node), sort_keys=True) if named else ""
        if written in self._named:
            return self._named[written]
        made = form.build(inner, node.keys[kind], self.read, **given)
        if named:
            self._named[written] = made
        return made


def _is_of_pattern(form: CallForm) -> bool:
    return isinstance(form.gives, type) and issubclass(form.gives, Pattern)


def _collected(readings: Sequence[Callable[[], T]]) -> list[T]:
    """Return all values; raises Mistaken with the mistakes of all."""
    values: list[T] = []
    mistakes: list[Mistake] = []
    for reading in readings:
        try:
            values.append(reading())
        except Mistaken as error:
            mistakes += error.mistakes
    if len(values) < len(readings):
        raise Mistaken(*mistakes)
    return values


def _fitting(node: Scalar, found: object, place: Wanted) -> object:
    """Return what was imported, where it may stand here."""
    if is_agent(found):
        if place.agent:
            return found
        raise wrong(node, f"{node.value} is an agent, and here stands a plain function or a rule in CEL.")
    if place.function and callable(found):
        return found
    if callable(found):
        raise wrong(node, f"{node.value} is no agent: decorate it with @agent.")
    raise wrong(node, f"{node.value} is {type(found).__name__}, where {place.described()} is expected.")


def _rule(node: Scalar, text: str) -> Expression:
    try:
        return cel(text)
    except PatternError as error:
        raise wrong_rule(node, error) from error


def _type(node: Scalar, text: str) -> object:
    """Return a type: `module:name`, or only its name where Python knows it."""
    address = text if ":" in text else f"builtins:{text}"
    found = imported(node, address) if ADDRESS.fullmatch(address) else None
    if isinstance(found, type) or get_origin(found) is not None:
        return found
    raise wrong(node, f"expected a type, such as str, or module:name; got {text!r}.")


def _fitting_class(node: Table, classes: Sequence[type]) -> type | None:
    """Return the dataclass that a mapping describes: the only one, or the only one that has these fields."""
    known = [each for each in classes if dataclasses.is_dataclass(each)]
    forms = [form_of(each) for each in known]
    fit = [
        form.function
        for form in forms
        if node.entries.keys() <= form.options.keys() and form.required <= node.entries.keys()
    ]
    found = fit if len(fit) == 1 else known
    return cast("type", found[0]) if len(found) == 1 else None


def _no_pattern(node: SourceNode) -> Mistaken:
    """Return what is raised for something that does not describe a pattern."""
    patterns = [name for name, each in makers().items() if _is_of_pattern(form_of(each))]
    if not isinstance(node, Table) or not node.entries:
        return wrong(node, "expected a pattern: a mapping of its name to its options, such as {sequence: [one, two]}.")
    there = [name for name in node.entries if name in patterns]
    others = [name for name in node.entries if name not in patterns]
    if there and others:
        return wrong(
            node.keys[others[0]], f"{others[0]} stands beside {there[0]}: the options of {there[0]} stand under it."
        )
    if len(node.entries) > 1:
        return wrong(node, f"expected a pattern: a mapping of one key, its name; got {', '.join(node.entries)}.")
    hint = meant(others[0], patterns, f": there is {', '.join(sorted(patterns))}")
    return wrong(node.keys[others[0]], f"there is no pattern {others[0]!r}{hint}")
