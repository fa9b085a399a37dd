"""`@agent`: makes an agent of a Python function."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final, Generic, Never, TypeVar, Unpack, overload

from podium.agents.agent_tool import UsableAsTool
from podium.agents.card import CardOptions, card_of, check_card
from podium.agents.meter import Meter
from podium.agents.shape import TypeShape
from podium.agents.signature import Function, Signature, first_line, name_of, signature_of
from podium.agents.threads import AGENT_THREADS
from podium.agents.unusable import unusable
from podium.errors import InvalidValue, NotDone, UsageError
from podium.model.agent import Card, is_agent
from podium.model.call import Call
from podium.model.expected import FUNCTION, NAME
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Failure, Outcome, text_of
from podium.model.retry import FailureKind
from podium.model.steps import Steps
from podium.model.workflow_code import check_not_workflow_code

In = TypeVar("In")
Out = TypeVar("Out")
MayWait = Awaitable[Out] | Out


class Verification(Enum):
    """What a `verify` function may return instead of the value."""

    NOT_DONE = "not done"


NOT_DONE: Final = Verification.NOT_DONE
"""Returned by a `verify` function: the effect definitely did not happen, it may be tried again."""


class FunctionAgent(UsableAsTool, Generic[In, Out]):
    """An agent that is a Python function. Called directly, it is that function: `await f("x")` in a unit test.

    A synchronous function runs in a daemon thread, so it may block.
    """

    __slots__ = ("__wrapped__", "_card", "_name", "_options", "_signature", "_verify", "input", "output")

    def __init__(self, function: Function, *, name: str, options: CardOptions, verify: Function | None = None) -> None:
        NAME.check("the name of an agent", name)
        if verify is not None:
            FUNCTION.check(f"verify of agent {name}", verify)
        self.__wrapped__ = function
        self._signature = signature_of(function)
        check_card(name, options)
        self._name = name
        self._options = options
        self._verify = verify and (verify, _verifying(verify, self._signature, name))
        self._card: Card | None = None
        self.input: TypeShape[In] = self._signature.input
        self.output: TypeShape[Out] = self._signature.output

    @property
    def card(self) -> Card:
        """Its description; the schemas in it are made when it is first asked for."""
        if self._card is None:
            self._card = card_of("function", self._name, self.input, self.output, self._options)
        return self._card

    def __call__(self, *args: Json, **kwargs: Json) -> Json:
        """Call the function itself, without any engine; raises CalledDirectly in the code of a workflow."""
        check_not_workflow_code(self._name)
        return self.__wrapped__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<agent {self._name}>"

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Call the function with the call's input; raises what it raises, and BadAnswer for an unfit result."""
        signature = self._signature
        given = signature.arguments(self.input.reload(call.input), call, steps)
        meter = Meter() if steps.prices.cpu_second else None
        if signature.is_async and meter is None:
            value = await self.__wrapped__(**given)
        else:
            value = await _result(self._name, self.__wrapped__, signature, given, meter)
        try:
            return Done(self.output.dump(value), None if meter is None else meter.usage)
        except InvalidValue as error:
            return unusable(self._name, value, error, self.card.effects)

    async def verify(self, call: Call) -> Outcome | None:
        """Ask the `verify` function what became of a call in doubt; None if there is none, or it cannot tell.

        It returns the value if the effect happened; if it did not, it returns `NOT_DONE` or raises NotDone.
        """
        if self._verify is None:
            return None
        function, signature = self._verify
        given = signature.arguments(self.input.reload(call.input), call, None)
        try:
            value = await _result(f"verify of {self._name}", function, signature, given)
        except NotDone as error:
            return _not_done(text_of(error))
        except (SystemExit, KeyboardInterrupt):
            return None
        if value is NOT_DONE:
            return _not_done(f"the effect of {self._name} did not happen")
        return Done(self.output.dump(value))


class AgentDecorator:
    """Makes agents of functions: plain, `@agent`, or with what is known of them, `@agent(effects="once", usd=0.01)`.

    The one parameter of a function is the input; several make up a mapping; without any the input is None. A parameter
    annotated `Steps` or `Call` is handed that and is no part of the input. Name and description come from the function
    unless given. `verify` is asked, with the same input, what became of a `once` call in doubt. Raises UsageError for
    a function that cannot be an agent.
    """

    __slots__ = ("_name", "_options", "_verify")

    def __init__(
        self, *, name: str | None = None, verify: Function | None = None, **options: Unpack[CardOptions]
    ) -> None:
        self._name = name
        self._verify = verify
        self._options: CardOptions = options

    # Several overloads fit some functions; the first that does is meant.
    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]
        self, function: Callable[[In, Steps], MayWait[Out]], /
    ) -> FunctionAgent[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[In, Call], MayWait[Out]], /) -> FunctionAgent[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[In, Call, Steps], MayWait[Out]], /) -> FunctionAgent[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[In, Steps, Call], MayWait[Out]], /) -> FunctionAgent[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[Never, Never], MayWait[Out]], /) -> FunctionAgent[dict[str, Json], Out]: ...
    @overload
    def __call__(self, function: Callable[[In], MayWait[Out]], /) -> FunctionAgent[In, Out]: ...
    @overload
    def __call__(self, function: Callable[[], MayWait[Out]], /) -> FunctionAgent[None, Out]: ...
    @overload
    def __call__(self, function: Callable[..., MayWait[Out]], /) -> FunctionAgent[Json, Out]: ...
    @overload
    def __call__(
        self, /, *, name: str | None = None, verify: Function | None = None, **options: Unpack[CardOptions]
    ) -> "AgentDecorator": ...
    def __call__(
        self,
        function: Function | None = None,
        /,
        *,
        name: str | None = None,
        verify: Function | None = None,
        **options: Unpack[CardOptions],
    ) -> "FunctionAgent[Json, Json] | AgentDecorator":
        """Make an agent of a function; given only options, return a decorator that has them."""
        if function is None:
            return AgentDecorator(name=name, verify=verify, **options)
        _check_function(function)
        described: CardOptions = {"description": first_line(function), **self._options}
        return FunctionAgent(
            function,
            name=name_of(function) if self._name is None else self._name,
            options=described,
            verify=self._verify,
        )


agent = AgentDecorator()
"""The decorator that makes an agent of a function."""


async def _result(
    name: str, function: Function, signature: Signature, given: dict[str, Json], meter: Meter | None = None
) -> Json:
    if signature.is_async:
        waits = function(**given)
        return await (waits if meter is None else meter.wait(waits))
    work = functools.partial(function, **given)
    value = await AGENT_THREADS.run(work if meter is None else functools.partial(meter.run, work), name)
    return await value if inspect.isawaitable(value) else value


def _not_done(message: str) -> Failed:
    return Failed(Failure(FailureKind.TRANSPORT, "NotDone", message, not_done=True))


def _verifying(verify: Function, signature: Signature, name: str) -> Signature:
    """Return the signature of a `verify` function; raises UsageError where it cannot take the agent's input."""
    own = signature_of(verify)
    if own.steps is not None:
        raise UsageError(f"the verify function of {name} takes Steps: it only looks, and has no steps")
    if own.names and own.names != signature.names and not (own.only and signature.only):
        raise UsageError(f"the verify function of {name} must take the same parameters: {sorted(signature.names)}")
    return own


def _check_function(function: object) -> None:
    """Raise UsageError for what is no function, or is an agent already."""
    if is_agent(function):
        raise UsageError(f"{function.card.name} is an agent already: write @agent once, above the function.")
    FUNCTION.check("what @agent makes an agent of", function)
