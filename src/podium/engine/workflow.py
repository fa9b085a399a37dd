"""The workflow: an orchestrating async function, itself an agent."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Never, NoReturn, TypeVar, get_type_hints, overload

from podium.agents.agent_tool import UsableAsTool
from podium.agents.card import check_card
from podium.agents.shape import TypeShape, shape_of
from podium.agents.signature import first_line, input_of, inputs_of, is_async, name_of, written_as
from podium.dispatch.invoke import passes_through
from podium.engine.calls.undo import undo_all
from podium.engine.context import Context
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.caller import Undo
from podium.errors import BadAnswer, Blocked, CallCancelled, CalledDirectly, InvalidValue, UsageError, WorkflowError
from podium.model.agent import AnyAgent, Card, In_contra, InputShape, Out_co, OutputShape, in_and_out
from podium.model.call import Call
from podium.model.duration import Duration
from podium.model.guard import Guard
from podium.model.json import Json
from podium.model.outcome import Enter, Outcome, raised, text_of
from podium.model.retry import Retry
from podium.model.steps import Steps
from podium.store.codec import encode

if TYPE_CHECKING:
    from typing_extensions import TypeIs

In = TypeVar("In")
Out = TypeVar("Out")

_SEVERAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputParameter:
    """How a workflow's function is handed its input."""

    optional: bool = False
    """None stands for the default of the parameter."""
    keyword: str | None = None
    """The name by which alone it is handed over."""
    several: bool = False
    """The input is a mapping of several parameters."""


ANY_INPUT = InputParameter()


@in_and_out
class Workflow(UsableAsTool, Generic[In_contra, Out_co]):
    """An orchestrating function. Started as a run it is found again, after a crash, by its name and version."""

    def __init__(
        self, function: Callable[..., Awaitable[object]], *, card: Card, input: InputShape[In_contra],
        output: OutputShape[Out_co], parameter: InputParameter | None = ANY_INPUT,
    ) -> None:  # fmt: skip
        self.function = function
        self.card = card
        self.input = input
        self.output = output
        self._parameter = parameter

    if not TYPE_CHECKING:  # a type checker tells by itself

        def __call__(self, *_: object, **__: object) -> NoReturn:
            """Raise CalledDirectly: a workflow is no function."""
            name = self.card.name
            raise CalledDirectly(
                f"{name} is a workflow, not a function. "
                f"Write `await ctx.call({name}, …)` in a workflow, and `await app.run({name}, …)` outside."
            )

    def __repr__(self) -> str:
        return f"<workflow {self.card.name} {self.card.version}>"

    def agents(self) -> Iterable[AnyAgent]:
        """Give the agents that take part, as far as the workflow knows them before it runs; each perhaps many times."""
        return ()

    def names(self) -> Iterable[str]:
        """Give the names of registered agents that it is known to ask for."""
        return ()

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Be admitted: the context of the caller runs the function."""
        return Enter(self, call.input)

    async def verify(self, call: Call) -> Outcome | None:
        """A workflow is never in doubt: it is replayed."""
        return None

    async def run_inline(
        self, active: ActiveRun, branch: BranchTask, path: str, input: Json, *, callers: tuple[str, ...],
        deadline: float | None,
    ) -> tuple[Json, list[Undo]]:  # fmt: skip
        """Run the function under `path`; what it did is undone if it fails or is cancelled.

        Returns its value as JSON, and the compensations that it leaves to its caller.
        """
        named = callers if self.card.anonymous else (*callers, self.card.name)
        context = Context(active, branch, path, self, callers=named, deadline=deadline)
        try:
            value = await self._call(context, input)
            context.check_awaited()
        except BaseException as error:
            cut = isinstance(error, asyncio.CancelledError) and not isinstance(error, CallCancelled)
            if cut or passes_through(error):
                raise
            active.note_raised(error)
            left = await undo_all(active, branch, context.undos)
            if left and isinstance(error, CallCancelled):
                active.uncompensated.extend(left)
                raise CallCancelled(f"{error}; not undone: {'; '.join(left)}") from error
            if left:
                raise WorkflowError(f"{_told(error)}; not undone: {'; '.join(left)}") from error
            if not isinstance(error, Exception | CallCancelled):
                raise WorkflowError(_told(error)) from error
            raise
        try:
            return self._dumped(value, active.runtime.max_payload_bytes), context.undos
        except InvalidValue as error:
            await undo_all(active, branch, context.undos)
            raise BadAnswer(f"{self.card.name} returned something else than it declares: {error}") from error

    def _dumped(self, value: object, most: int) -> Json:
        dumped = self.output.dump(value)
        if (size := len(encode(dumped))) > most:
            raise InvalidValue(f"it has {size} bytes, {most} are allowed")
        return dumped

    async def _call(self, context: Context, input: Json) -> object:
        parameter = self._parameter
        if parameter is None:
            return await self.function(context)
        try:
            given: Json = self.input.restore(input)
        except InvalidValue as error:
            raise Blocked(f"the recorded input of {self.card.name} does not fit its type any more: {error}") from error
        if parameter.several:
            return await self.function(context, **given)
        if given is None and parameter.optional:
            return await self.function(context)
        if parameter.keyword is not None:
            return await self.function(context, **{parameter.keyword: given})
        return await self.function(context, given)


def _told(error: BaseException) -> str:
    """Return what is said of an exception that ended a workflow."""
    return text_of(error) if isinstance(error, Exception) else f"the workflow {raised(error)}"


def is_workflow(agent: object) -> "TypeIs[Workflow]":
    """Whether an agent is a workflow, and can be started as a run."""
    return isinstance(agent, Workflow)


@overload
def workflow(function: Callable[[Context, In], Awaitable[Out]], /) -> Workflow[In, Out]: ...
@overload
def workflow(function: Callable[[Context], Awaitable[Out]], /) -> Workflow[None, Out]: ...
@overload
def workflow(function: Callable[[Context, Never, Never], Awaitable[Out]], /) -> Workflow[dict[str, Json], Out]: ...
@overload
def workflow(function: Callable[Concatenate[Context, ...], Awaitable[Out]], /) -> Workflow[Json, Out]: ...
@overload
def workflow(
    *, name: str | None = None, version: str = "1", description: str | None = None,
    capabilities: frozenset[str] | set[str] = frozenset(), timeout: Duration | None = None, retry: Retry | None = None,
    guards: tuple[Guard | str, ...] = (), allow: Iterable[str] | None = None,
) -> "WorkflowDecorator": ...  # fmt: skip
def workflow(  # noqa: PLR0913 - each is a word of the card, and the caller names it
    function: Callable[..., Awaitable[Any]] | None = None, /, *, name: str | None = None, version: str = "1",
    description: str | None = None, capabilities: frozenset[str] | set[str] = frozenset(),
    timeout: Duration | None = None, retry: Retry | None = None, guards: tuple[Guard | str, ...] = (),
    allow: Iterable[str] | None = None,
) -> Any:  # fmt: skip
    """Make a workflow of an async function whose first parameter is the Context and whose second is the input.

    The input may be left out. Several parameters after the Context make up a mapping, by their names; one with a
    default may be left out of it. `version` is what running runs stay pinned to: raise it when the function's order of
    calls changes. `timeout` (seconds) and `retry` count where it is called by another workflow. `allow` names the
    tools, as `AGENT/TOOL`, and agents that may be used in it and below it, or patterns of names.
    """
    decorator = WorkflowDecorator(name, version, description, capabilities, timeout, retry or Retry(), guards, allow)
    return decorator if function is None else decorator(function)


class WorkflowDecorator:
    """`@workflow(…)` with its options."""

    def __init__(
        self, name: str | None, version: str, description: str | None, capabilities: Iterable[str],
        timeout: Duration | None, retry: Retry, guards: tuple[Guard | str, ...], allow: Iterable[str] | None,
    ) -> None:  # fmt: skip
        self._name = name
        self._version = version
        self._description = description
        self._capabilities = capabilities
        self._timeout = timeout
        self._retry = retry
        self._guards = guards
        self._allow = allow

    @overload
    def __call__(self, function: Callable[[Context, In], Awaitable[Out]], /) -> Workflow[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[Context], Awaitable[Out]], /) -> Workflow[None, Out]: ...
    @overload
    def __call__(
        self, function: Callable[[Context, Never, Never], Awaitable[Out]], /
    ) -> Workflow[dict[str, Json], Out]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[Context, ...], Awaitable[Out]], /) -> Workflow[Json, Out]: ...
    def __call__(self, function: Callable[..., Awaitable[Any]], /) -> Workflow[Any, Any]:
        """Make a workflow of a function; raises UsageError where it cannot be one."""
        name = self._name or name_of(function)
        options = {"version": self._version, "capabilities": self._capabilities, "timeout": self._timeout}
        check_card(name, {**options, "retry": self._retry, "guards": self._guards, "allow": self._allow})
        taken, gives = _types_of(function, name)
        shape, parameter = (shape_of(type(None)), None) if taken is None else taken
        card = Card(
            name=name, version=self._version, description=self._description or first_line(function),
            capabilities=frozenset(self._capabilities), timeout=self._timeout, retry=self._retry, guards=self._guards,
            allow=None if self._allow is None else tuple(self._allow), kind="workflow",
        )  # fmt: skip
        return Workflow(function, card=card, input=shape, output=shape_of(gives), parameter=parameter)


def _types_of(
    function: Callable[..., Awaitable[Any]], name: str
) -> tuple[tuple[TypeShape[Any], InputParameter] | None, Any]:
    """Return the shape and the parameter of the input (None where there is no input), and the type of the output."""
    if not is_async(function):
        raise UsageError(f"{name} is not an async function: a workflow is written `async def {name}(ctx: Context, …)`")
    try:
        hints = get_type_hints(written_as(function), include_extras=True)
    except (NameError, AttributeError, TypeError) as error:
        raise UsageError(f"a type hint of {name} cannot be resolved: {error}") from error
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters:
        raise UsageError(f"{name} takes no parameter: a workflow takes the Context, and then its input")
    if listed := next((each for each in parameters if each.kind in _SEVERAL), None):
        raise UsageError(f"{name} takes `{listed}`: a workflow takes the Context and its input, each by its name")
    first, *others = parameters
    if hints.get(first.name, Context) is not Context or first.kind is first.KEYWORD_ONLY:
        raise UsageError(f"the first parameter of {name} must be the Context")
    return _input_of(name, others, hints), hints.get("return", Any)


def _input_of(
    name: str, parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> tuple[TypeShape[Any], InputParameter] | None:
    """Return the shape of what makes up the input, and how it is handed over; None where there is no input."""
    if not parameters:
        return None
    if len(parameters) == 1:
        [only] = parameters
        shape, optional = input_of(only, hints.get(only.name, Any))
        keyword = only.name if only.kind is only.KEYWORD_ONLY else None
        return shape, InputParameter(optional=optional, keyword=keyword)
    if unnamed := next((each for each in parameters if each.kind is each.POSITIONAL_ONLY), None):
        raise UsageError(f"{name} takes `{unnamed.name}` by position only: several inputs are handed over by name")
    takes = {each.name: each for each in parameters}
    kinds = {each: hints.get(each, Any) for each in takes}
    return inputs_of(name, takes, kinds), InputParameter(several=True)
