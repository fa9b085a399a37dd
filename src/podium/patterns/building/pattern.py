"""The pattern: a workflow made of agents, that can be nested, drawn and written down."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, Union, get_args, get_type_hints

from typing_extensions import TypeIs, TypeVar

from podium import lazy
from podium.agents.card import check_card
from podium.agents.shape import TypeShape, shape_of
from podium.engine.context import Context
from podium.engine.workflow import Workflow
from podium.errors import PatternError
from podium.formats.mermaid import Flowchart
from podium.model.acceptance import CORRECTIONS
from podium.model.agent import AnyAgent, Card, In_contra, InputShape, Out_co, OutputShape, is_agent
from podium.model.duration import Duration
from podium.model.expected import NAME, NATURAL, check_options, one_of, or_none
from podium.model.json import Json
from podium.model.retry import Retry
from podium.model.task import Task
from podium.patterns.building.inputs import plain
from podium.patterns.building.members import ANYTHING, Kind, Stage, applied, name_of
from podium.patterns.building.names import meant
from podium.patterns.building.partial import UNFINISHED, OnFailure, Partial, SoFar
from podium.patterns.building.wanted import Wanted, wanted
from podium.patterns.building.writing import written

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")

Out = TypeVar("Out", default=Any)
"""What a pattern gives, where something says what."""
P = ParamSpec("P")
Made = TypeVar("Made", bound="Pattern")

_LONGEST_NAME = 80
_OWN = {"corrections": NATURAL, "on_failure": one_of(get_args(OnFailure))}
"""What is no field of a card."""


class CardFields(TypedDict, total=False):
    """What every pattern takes besides its own options: what `@workflow` takes, and how it treats what goes wrong."""

    version: str
    description: str
    capabilities: frozenset[str] | set[str]
    timeout: Duration | None
    retry: Retry
    corrections: int
    """How often a member whose answer cannot be used is told why and asked again, and then its fallbacks; preset 2."""
    on_failure: OnFailure
    """What it does when it cannot finish: `raise`, as preset, or give a Partial with what it has."""


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow of the picture, between two parts."""

    before: str
    after: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a pattern is made of, for its picture: parts by what they are there for, and the way between them."""

    parts: Mapping[str, Stage | Task | None]
    """None is a place without an agent, such as a state in which a machine waits."""
    links: Sequence[Link] = ()
    roles: bool = field(default=True)
    """Whether the keys of the parts say something (`writer`), or only number them."""


class Pattern(Workflow[In_contra, Out_co]):
    """A workflow made of agents. Inside another one it needs no name; to be started as a run it does."""

    def __init__(
        self, body: Callable[..., Awaitable[object]], *, kind: str, name: str | None, card: CardFields, sketch: Sketch,
        takes: Kind = ANYTHING, gives: Kind = ANYTHING, has: Kind | None = None,
    ) -> None:  # fmt: skip
        """Make it of a `body` that takes the context and the input, and a SoFar where it `has` something beforehand.

        `has` is the type of what there is when it cannot finish; None where that is nothing.
        """
        self.kind = kind
        """The pattern's function: `sequence`, `vote`, …"""
        self.corrections = card.get("corrections", CORRECTIONS)
        """How often a member whose answer cannot be used is told why and asked again."""
        self.sketch = sketch
        self.arguments: Mapping[str, object] = {}
        """What the pattern's function was called with, by parameter."""
        or_none(NAME).check(f"the name of a {kind}", name)
        given: Mapping[str, object] = card
        check_options(kind, {each: said for each, said in given.items() if each in _OWN}, _OWN)
        check_card(name or kind, {each: said for each, said in given.items() if each not in _OWN})
        made = Card(
            name=name or _name(kind, sketch), version=card.get("version", "1"),
            description=card.get("description", ""), capabilities=frozenset(card.get("capabilities", ())),
            timeout=card.get("timeout"), retry=card.get("retry", Retry()), kind="workflow", anonymous=name is None,
        )  # fmt: skip
        partial, whole = card.get("on_failure") == "partial", _plainly(body) if gives is ANYTHING else body
        if has is not None:
            whole = _unfinished(whole, shape_of(has), partial=partial)
        if partial:
            gives = _or_partial(kind, gives, has)
        taken: InputShape[object] = _Anything() if takes is ANYTHING else shape_of(takes)
        super().__init__(whole, card=made, input=taken, output=_as_declared(gives))

    def __repr__(self) -> str:
        return f"<pattern {self.card.name} {self.card.version}>"

    def agents(self) -> Iterator[AnyAgent]:
        """Give the agents that take part, those of nested patterns too, each as often as it stands there."""
        for part in self.sketch.parts.values():
            if is_agent(part):
                yield part
            if is_pattern(part):
                yield from part.agents()

    def names(self) -> Iterator[str]:
        """Give the names of registered agents that it asks for, those of nested patterns too."""
        for part in self.sketch.parts.values():
            if isinstance(part, str):
                yield part
            if is_pattern(part):
                yield from part.names()

    def graph(self) -> str:
        """Return its picture as a Mermaid flowchart; nested patterns are boxes."""
        chart = Flowchart()
        _draw(chart, self)
        return chart.text()

    def spec(self) -> Json:
        """Return it as JSON that `podium.patterns.load` makes the same pattern of; agents are in it by name.

        Raises PatternError for a function that cannot be found again: use one at the top level of a module, or `cel`.
        """
        return {self.kind: {name: written(value, f"{self.kind}.{name}") for name, value in self.arguments.items()}}


def is_pattern(value: object) -> TypeIs[Pattern]:
    """Whether something is a pattern."""
    return isinstance(value, Pattern)


def pattern(function: Callable[P, Made]) -> Callable[P, Made]:
    """Make a pattern's function keep what it was called with, so that what it makes can be written down."""
    signature = inspect.signature(function)

    @functools.cache
    def takes() -> Mapping[str, Wanted]:
        hints, plain = get_type_hints(function), (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return {name: wanted(hints[name]) for name, each in signature.parameters.items() if each.kind not in plain}

    options = next((name for name, each in signature.parameters.items() if each.kind is each.VAR_KEYWORD), "")

    @functools.wraps(function)
    def build(*args: P.args, **kwargs: P.kwargs) -> Made:
        given = _bound(function.__name__, signature, args, kwargs)
        _check_names(
            function.__name__, given.get(options, {}), [each for each in signature.parameters if each != options]
        )
        _check_given(function.__name__, given, takes())
        made = function(*args, **kwargs)
        made.arguments = {**given, **given.get(options, {})}
        made.arguments.pop(options, None)
        return made

    return build


def _bound(
    kind: str, signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, Any]:
    """Return the arguments by parameter; raises TypeError, which names the pattern, where they do not fit."""
    try:
        return signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"{kind}(): {error}") from None


def _check_names(kind: str, given: Iterable[str], own: Sequence[str]) -> None:
    """Raise PatternError for an option that is neither the pattern's `own` nor one that every pattern takes."""
    known = [*own, *get_type_hints(CardFields)]
    there = f": there is {', '.join(known)}"
    if unknown := next((name for name in given if name not in known), None):
        raise PatternError(f"{kind} has no option {unknown!r}{meant(unknown, known, there)}")


def _check_given(kind: str, given: Mapping[str, object], takes: Mapping[str, Wanted]) -> None:
    """Raise PatternError for an option that is nothing its annotation takes, before anything is made of it."""
    for name, value in given.items():
        found = takes[name].misfit(value, name) if name in takes else None
        if found is not None:
            inside = "" if found.where == name else f"{found.where} is {found.value!r}; "
            raise PatternError(f"{kind} was given {name}={value!r}: {inside}expected {found.place.described()}.")


def _unfinished(
    body: Callable[..., Awaitable[object]], shape: TypeShape[object], *, partial: bool
) -> Callable[..., Awaitable[object]]:
    """Return a body that is told where to note how far it came, and gives that as a Partial where it is to."""

    async def unfinished(ctx: Context, value: object) -> object:
        so_far = SoFar[object](wanted=partial)
        try:
            return await body(ctx, value, so_far)
        except UNFINISHED as error:
            found = so_far.partial(error, shape) if partial else None
            if found is None:
                raise
            return found

    return unfinished


def _or_partial(kind: str, gives: Kind, has: Kind | None) -> Kind:
    """Return the type of what a pattern gives that may not finish; raises PatternError where it then has nothing."""
    if has is None:
        raise PatternError(
            f"{kind} was given on_failure='partial', and has nothing to give before it is done: leave it out."
        )
    return applied(Union, applied(Partial, has), gives)


def _as_declared(gives: Kind) -> OutputShape[Any]:
    """Return the shape of what a pattern gives, which the annotation of its function tells better."""
    return shape_of(gives)


def _name(kind: str, sketch: Sketch) -> str:
    """Return how an unnamed pattern is called in pictures, trees and messages."""
    text = f"{kind}({', '.join(_called(part) for part in sketch.parts.values() if part is not None)})"
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


class _Anything(TypeShape[object]):
    """The shape of an input whose type is not known: any value as JSON, with the models in it."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(ANYTHING)

    def dump(self, value: object) -> Json:
        """Turn a value into JSON; raises InvalidValue where it cannot be that."""
        try:
            return super().dump(plain(value))
        except pydantic_core.PydanticSerializationError:
            return super().dump(value)


def _plainly(body: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """Return a body whose value is JSON whatever models are in it: the type of the output is not known."""

    async def plainly(ctx: Context, *told: object) -> object:
        given = await body(ctx, *told)
        try:
            return plain(given)
        except pydantic_core.PydanticSerializationError:
            return given  # is refused where it is dumped, like any value that is no JSON

    return plainly


def _called(part: Stage | Task) -> str:
    if isinstance(part, Task):
        return f"whoever offers {part.capability}"
    if not is_pattern(part):
        return name_of(part)
    return part.kind if part.card.anonymous else part.card.name


def _draw(chart: Flowchart, drawn: Pattern, role: str = "") -> str:
    """Draw a pattern as a box; returns the box's id."""
    title = drawn.kind if drawn.card.anonymous else f"{drawn.kind} {drawn.card.name}"
    box = chart.open(f"{role}: {title}" if role else title)
    ids: dict[str, str] = {}
    for place, part in drawn.sketch.parts.items():
        if is_pattern(part):
            ids[place] = _draw(chart, part, place if drawn.sketch.roles else "")
            continue
        if part is None:
            ids[place] = chart.node(place, "wait")
            continue
        called = _called(part)
        label = f"{place}: {called}" if drawn.sketch.roles and place != called else called
        ids[place] = chart.node(label, part.card.traits.shape if is_agent(part) else "call")
    for link in drawn.sketch.links:
        chart.link([ids[link.before]], ids[link.after], link.label)
    chart.close()
    return box
