"""What a function's signature says about the agent that it becomes; read once, when it is decorated."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, cast, get_args, get_origin, get_type_hints

from podium import lazy
from podium.agents.shape import TypeShape, shape_of
from podium.errors import InvalidValue, UsageError
from podium.model.call import Call
from podium.model.json import Json
from podium.model.steps import Steps

if TYPE_CHECKING:
    import pydantic
    import typing_extensions
    from typing_extensions import TypeIs
else:
    pydantic, typing_extensions = lazy.module("pydantic"), lazy.module("typing_extensions")

Function = Callable[..., Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a call's input becomes a function's arguments, and the shapes of input and output."""

    input: TypeShape[Json]
    output: TypeShape[Json]
    names: frozenset[str]
    """The parameters that make up the input; with more than one the input is a mapping of them."""
    only: str | None
    """The one parameter that is the whole input."""
    optional: bool
    """None as the input stands for the default of that one parameter."""
    call: str | None
    """The parameter that is handed the Call."""
    steps: str | None
    """The parameter that is handed the Steps."""
    is_async: bool

    def arguments(self, value: Json, call: Call, steps: Steps | None) -> dict[str, Json]:
        """Return the keyword arguments for an input that was loaded through `input`."""
        given: dict[str, Json] = {}
        if self.only is not None:
            if value is not None or not self.optional:
                given[self.only] = value
        elif self.names:
            given.update(value)
        if self.call is not None:
            given[self.call] = call
        if self.steps is not None:
            given[self.steps] = steps
        return given


def signature_of(function: Function) -> Signature:
    """Read a function's signature; raises UsageError where it cannot become an agent, saying why."""
    name = name_of(function)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError(f"{name} is a generator: return the value, and stream pieces of it through `steps.emit`")
    parameters, hints = _parameters(function, name), _hints(function, name)
    handed = {hints[each]: each for each in parameters if hints.get(each) in (Steps, Call)}
    if twice := {kind.__name__ for kind in handed if list(hints.values()).count(kind) > 1}:
        raise UsageError(f"{name} takes {', '.join(twice)} twice: once is enough")
    takes = {each: parameter for each, parameter in parameters.items() if each not in handed.values()}
    types = {each: hints.get(each, Any) for each in takes}
    only = next(iter(takes)) if len(takes) == 1 else None
    shape, optional = (inputs_of(name, takes, types), False) if only is None else input_of(takes[only], types[only])
    return Signature(
        input=shape,
        output=shape_of(_result(hints.get("return", Any))),
        names=frozenset(takes),
        only=only,
        optional=optional,
        call=handed.get(Call),
        steps=handed.get(Steps),
        is_async=is_async(function),
    )


def name_of(function: Function) -> str:
    """Return the name a function goes by."""
    if _is_partial(function):
        return name_of(function.func)
    return getattr(function, "__name__", type(function).__name__)


def is_async(function: Function) -> bool:
    """Whether calling it gives a coroutine: an async function, a partial of one, an object with such a `__call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def written_as(function: Function) -> object:
    """Return where its type hints are written: at the function of a partial, at the `__call__` of an object."""
    inner: object = function
    while _is_partial(inner):
        inner = inner.func
    return inner if inspect.isroutine(inner) else type(inner).__call__


def first_line(function: Function) -> str:
    """Return what it says of itself in one line; a partial says what its function does."""
    if _is_partial(function):
        return first_line(function.func)
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _is_partial(function: object) -> "TypeIs[functools.partial[Json]]":
    return isinstance(function, functools.partial)


def _parameters(function: Function, name: str) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters
    except ValueError as error:
        raise UsageError(f"{name} has no signature that Python can read: wrap it in a function of yours") from error
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UsageError(f"{name} takes `{parameter}`: an agent's parameters must be named one by one")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UsageError(f"{name} takes `{parameter.name}` by position only: arguments are handed over by name")
    return parameters


def _hints(function: Function, name: str) -> dict[str, Json]:
    try:
        return get_type_hints(written_as(function), include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise UsageError(
            f"a type hint of {name} cannot be resolved ({error}): "
            "types of an agent are defined or imported at the top level of its module, before it"
        ) from error


def inputs_of(name: str, takes: Mapping[str, inspect.Parameter], types: Mapping[str, Json]) -> TypeShape[Json]:
    """Return the shape of an input that is a mapping of several parameters; of none of them that of None."""
    if not takes:
        return shape_of(type(None))
    fields = {each: NotRequired[types[each]] if _has_default(takes[each]) else types[each] for each in takes}
    mapping = cast("Callable[[str, Json], type[Json]]", typing_extensions.TypedDict)(name, fields)
    return shape_of(pydantic.with_config(pydantic.ConfigDict(extra="forbid"))(mapping))


def input_of(parameter: inspect.Parameter, kind: Json) -> tuple[TypeShape[Json], bool]:
    """Return the shape of the one parameter that is the input, and whether None stands for its default.

    It does where the parameter has one and None is no value of its type, or nothing is said of its type.
    """
    shape = shape_of(kind)
    if not _has_default(parameter):
        return shape, False
    if parameter.annotation is parameter.empty:
        return shape, True
    return (shape, False) if _fits_none(shape) else (shape_of(kind | None), True)


def _fits_none(shape: TypeShape[Json]) -> bool:
    try:
        shape.load(None)
    except InvalidValue:
        return False
    return True


def _has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty


def _result(hint: Json) -> Json:
    """Return what is given in the end: for a plain function that hands back an awaitable, what that one gives."""
    if get_origin(hint) in (Awaitable, Coroutine):
        return get_args(hint)[-1]
    return hint
