"""A mapping of options as a call of the function that takes them."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args, get_origin

from typing_extensions import get_type_hints

from podium.agents.human import human
from podium.errors import PatternError, UsageError
from podium.patterns.building.names import meant
from podium.patterns.loading.node import (
    Listing,
    Mistake,
    Mistaken,
    Scalar,
    SourceNode,
    SourcePlace,
    Table,
    wrong,
    wrong_rule,
)

Read = Callable[[SourceNode, object], object]
"""Makes of a node what an annotation wants; raises Mistaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallForm:
    """What a function or a dataclass takes: options by name, each with its annotation."""

    title: str
    function: Callable[..., object]
    options: Mapping[str, object]
    required: frozenset[str]
    several: str
    """The option that takes any number of arguments; empty where there is none."""
    gives: Any

    def build(self, node: SourceNode, at: SourcePlace, read: Read, **given: object) -> object:
        """Call the function with what a node says, and with what is given; raises Mistaken with all that is wrong.

        `at` is where the function is named: what it refuses is reported there, or at the rule that it refuses.
        """
        table = self._table(node)
        mistakes = [*self._unfit(table, at, given)]
        values, failed = dict(given), bool(mistakes)
        for name in [each for each in table.entries if each in self.options]:
            try:
                values[name] = read(table.entries[name], self.options[name])
            except Mistaken as error:
                failed = True
                mistakes += error.mistakes
        if failed:
            raise Mistaken(*mistakes)
        try:
            return self._call(values)
        except UsageError as error:
            raise self._blamed(error, table, values, at) from error

    def _table(self, node: SourceNode) -> Table:
        """Return the options; a list alone is what the function takes any number of, a value alone what it needs."""
        if isinstance(node, Table):
            return node
        if isinstance(node, Listing) and self.several:
            return Table(node.place, {self.several: node}, {self.several: node.place})
        if isinstance(node, Scalar) and node.value in (None, ""):
            return Table(node.place, {}, {})
        if isinstance(node, Scalar) and len(self.required) == 1:
            (needed,) = self.required
            return Table(node.place, {needed: node}, {needed: node.place})
        got = "a list" if isinstance(node, Listing) else repr(node.value)
        raise wrong(node, f"expected a mapping of the options of {self.title} ({self.names()}), got {got}.")

    def _unfit(self, table: Table, at: SourcePlace, given: Mapping[str, object]) -> Iterator[Mistake]:
        for name, place in table.keys.items():
            if name not in self.options:
                hint = meant(name, self.options, f": there is {self.names()}")
                yield Mistake(place, f"{self.title} has no option {name!r}{hint}")
            elif name in given:
                yield Mistake(place, f"its {name} is {given[name]!r} already: leave this out.")
        if missing := [name for name in self.options if name in self.required - table.keys.keys() - given.keys()]:
            yield Mistake(at, f"{self.title} needs {' and '.join(missing)}.")

    def _blamed(self, error: UsageError, table: Table, values: Mapping[str, object], at: SourcePlace) -> Mistaken:
        """Return what is raised for an error: at the rule or the option that it is about, else at the function."""
        if isinstance(error, PatternError) and error.rule and (found := _written(error.rule, table)) is not None:
            return wrong_rule(found, error)
        option = self._option(str(error), list(table.entries), values)
        return wrong(at if option is None else table.entries[option], str(error))

    def _option(self, message: str, written: Sequence[str], values: Mapping[str, object]) -> str | None:
        """Return which option a message is about: the one without which it is not said, or the only one it names."""
        without = {name: self._told(values, name) for name in written if name not in self.required}
        sound = [name for name, told in without.items() if told is None]
        other = [name for name, told in without.items() if told != message and name not in ("name", self.several)]
        named = [name for name in written if re.search(rf"^{name} of |\b{name}=|: {name} names ", message)]
        return next((found[0] for found in (sound, other, named) if len(found) == 1), None)

    def _told(self, values: Mapping[str, object], left_out: str) -> str | None:
        """Return what is said where an option is left out; None where all is sound then."""
        try:
            self._call({name: value for name, value in values.items() if name != left_out})
        except UsageError as error:
            return str(error)
        return None

    def names(self) -> str:
        """Return the options in words."""
        return ", ".join(self.options)

    def _call(self, values: Mapping[str, object]) -> object:
        signature = inspect.signature(self.function)
        arguments: dict[str, object] = {}
        for name, parameter in signature.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments[name] = {each: value for each, value in values.items() if each not in signature.parameters}
            elif name in values:
                arguments[name] = values[name]
        bound = inspect.BoundArguments(signature, arguments)
        return self.function(*bound.args, **bound.kwargs)


@lru_cache(maxsize=256)
def form_of(function: Callable[..., object]) -> CallForm:
    """Return what a function takes, read off its annotations; of a class what its fields are."""
    hints = get_type_hints(function if isinstance(function, type) else inspect.unwrap(function))
    options: dict[str, object] = {}
    required: set[str] = set()
    several = ""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            options |= get_type_hints(get_args(hints[name])[0])
            continue
        options[name] = hints[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            several, options[name] = name, tuple[hints[name], ...]
        elif parameter.default is parameter.empty:
            required.add(name)
    gives = function if isinstance(function, type) else hints["return"]
    return CallForm(
        title=function.__name__, function=function, options=options, required=frozenset(required), several=several,
        gives=get_origin(gives) or gives,
    )  # fmt: skip


def makers() -> Mapping[str, Callable[..., object]]:
    """Return by name what may be called: patterns, what `podium.patterns` has to make their parts with, `human`."""
    package = importlib.import_module("podium.patterns")
    exported = {name: getattr(package, name) for name in package.__all__}
    ours = __name__.rpartition(".")[0]
    made = {name: each for name, each in exported.items() if inspect.isfunction(each) and ours not in each.__module__}
    return {**made, "human": human}


def _written(text: str, node: SourceNode) -> Scalar | None:
    """Return where a text is written."""
    if isinstance(node, Scalar):
        return node if node.value == text else None
    parts = node.items if isinstance(node, Listing) else node.entries.values()
    return next((found for each in parts if (found := _written(text, each)) is not None), None)
