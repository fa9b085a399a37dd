"""The boundary to agents: whatever happens in there comes back as an outcome."""

import asyncio
import logging
from typing import TYPE_CHECKING

from podium.dispatch.failure import failure_of
from podium.errors import Forbidden, Interrupt, Suspended
from podium.in_threads import invoked
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.outcome import Failed, Failure, Outcome, Pending, Refused, raised
from podium.model.retry import FailureKind
from podium.model.steps import Steps

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_LOG = logging.getLogger("podium")


async def invoke(agent: AnyAgent, call: Call, steps: Steps) -> Outcome:
    """Run an agent once. One that swallows its cancel is told of in the log, and what it returns does not count."""
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    invoked()
    try:
        outcome = await agent.run(call, steps)
    except Interrupt as interrupt:
        return _interrupted(interrupt)
    except Exception as error:  # an agent is foreign code; whatever it raises is data
        return Failed(failure_of(error))
    except asyncio.CancelledError:
        if task is None or task.cancelling():
            raise
        return Failed(Failure(FailureKind.BUG, "CancelledError", "the agent cancelled itself"))
    except (SystemExit, KeyboardInterrupt) as error:
        return Failed(Failure(FailureKind.BUG, type(error).__name__, f"the agent {raised(error)}"))
    except BaseException as error:
        if (interrupt := _interrupt_in(error)) is not None:
            return _interrupted(interrupt)
        if passes_through(error):
            raise
        return Failed(failure_of(error))
    if task is not None and task.cancelling() > before:
        tell_of_swallowed(call, "returned something, which does not count")
        raise asyncio.CancelledError
    return outcome


def _interrupted(interrupt: Interrupt) -> Outcome:
    """Return what an agent is left with that waits, or may not go on; anything else is the engine's."""
    match interrupt:
        case Suspended():
            return Pending(interrupt.ask, interrupt.step, interrupt.rule)
        case Forbidden():
            return Refused(interrupt.rule, interrupt.reason)
        case _:
            raise interrupt


def _interrupt_in(error: BaseException) -> Interrupt | None:
    """Return what an error is of the engine's, or has of it: a group as a TaskGroup raises it, however deep."""
    left = [error]
    while left:
        each = left.pop()
        if _is_interrupt(each):
            return each
        if _is_group(each):
            left += reversed(each.exceptions)
    return None


def _is_interrupt(error: BaseException) -> "TypeIs[Interrupt]":
    return issubclass(type(error), Interrupt)  # an exception of foreign code may say anything of itself


def _is_group(error: BaseException) -> "TypeIs[BaseExceptionGroup[BaseException]]":
    return type(error) in (ExceptionGroup, BaseExceptionGroup)


def tell_of_swallowed(call: Call, does: str) -> None:
    """Warn of an agent that was cut off, by a timeout or a cancel, and does something all the same."""
    _LOG.warning(
        "%s (run %s, key %s) was cut off and %s: it swallows asyncio.CancelledError. Raise it again when you catch it.",
        call.agent, call.run, call.key, does,
    )  # fmt: skip


def is_foreign(error: BaseException) -> bool:
    """Whether something was raised by foreign code, which may raise anything, and not by the engine or a cancel."""
    if issubclass(type(error), asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or not task.cancelling()
    return not passes_through(error)


def passes_through(error: BaseException) -> bool:
    """Whether something is no doing of the code that it comes out of: the engine's, or a coroutine's being closed.

    A group of errors is the engine's if one of them is. Coroutines are closed when their event loop has ended. Where it
    runs, somebody raised the GeneratorExit. Only its class is looked at: an exception of foreign code may say anything
    of itself.
    """
    kind = type(error)
    if not issubclass(kind, GeneratorExit):
        return _interrupt_in(error) is not None
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False
