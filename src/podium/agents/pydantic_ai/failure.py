"""What an error of Pydantic AI means to Podium."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from pydantic_ai.exceptions import (
    ContentFilterError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelRetry,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)

from podium.agents.frameworks.failure import of_status
from podium.errors import AgentError, BadAnswer, RateLimited, Refusal, TransportFailed
from podium.formats.retry_after import retry_after
from podium.formats.turned_away import TURNED_AWAY

_STUMBLES = (AttributeError, LookupError, TypeError, ValueError)
"""What the code of an adapter raises that expects more of an answer than there is, or another type of it."""

_WORTH_WAITING = (RateLimited, TimeoutError, TransportFailed)
"""Errors after which another try can help, the most hopeful first."""


@contextmanager
def podium_errors() -> Generator[None]:
    """Raise Podium's own error instead of one of Pydantic AI that has a meaning to a retry."""
    try:
        yield
    except Exception as problem:  # the boundary to a foreign agent: what has no meaning here is raised as it is
        ours = _translated(problem)
        if ours is None:
            raise
        raise ours from (problem.__cause__ if isinstance(problem, NoAnswer) else problem)


class NoAnswer(UnexpectedModelBehavior):
    """What came with status 200 is no answer at all: an error page, an error object."""


@contextmanager
def of_request(failed: list[Exception], *, remote: bool) -> Generator[None]:
    """Do the same for one model request, and keep what its adapter raised in `failed`.

    What the adapter cannot read is told as unexpected behaviour, or it stumbles over it where it asks a `remote` model.
    Another try can help, as after any other failure of the other side; the agent has said nothing yet that could be
    wrong.
    """
    try:
        yield
    except Exception as problem:  # the boundary to a foreign model
        failed.append(_unread(problem, remote=remote))
        ours = _translated(failed[0])
        if ours is None:
            raise
        raise ours from failed[0]


def _unread(problem: Exception, *, remote: bool) -> Exception:
    if type(problem) is UnexpectedModelBehavior:
        unread = NoAnswer(problem.message, problem.body)
    elif remote and isinstance(problem, _STUMBLES):
        unread = NoAnswer(f"the answer cannot be read: {type(problem).__name__}: {problem}")
    else:
        return problem
    unread.__cause__ = problem
    return unread


def _translated(problem: BaseException) -> Exception | None:
    match problem:
        case FallbackExceptionGroup():
            return _most_hopeful([_translated(each) for each in problem.exceptions])
        case ContentFilterError() | UsageLimitExceeded():
            return Refusal(str(problem))
        case NoAnswer():
            return TransportFailed(str(problem))
        case UnexpectedModelBehavior() | ModelRetry():
            return BadAnswer(str(problem))
        case ModelAPIError():
            return _of_provider(problem)
        case _:
            return None


def _of_provider(problem: ModelAPIError) -> Exception:
    text, unasked = str(problem), not problem.in_stream
    status = problem.status_code if isinstance(problem, ModelHTTPError) else None
    pause = _pause(problem)
    match problem:
        case ModelConnectionError(phase="pool" | "connect"):
            return TransportFailed(text, not_done=True)
        case ModelTimeoutError() | ModelRequestTimeout():
            return TimeoutError(text)
        case ModelQuotaExceededError():
            return Refusal(text, not_done=unasked)
        case ModelRequestRejectedError():
            return Refusal(text, not_done=unasked and status in TURNED_AWAY)
        case _:
            limited = isinstance(problem, ModelRateLimitError)
            unavailable = isinstance(problem, ModelUnavailableError)
            return of_status(text, status, pause=pause, unasked=unasked, limited=limited, unavailable=unavailable)


def _pause(problem: ModelAPIError) -> float | None:
    """Return for how long a provider wants to be left alone: as its answer says, or its client where there is none.

    What another reader makes of the headers of an answer does not count: services are read alike, whoever asks them.
    """
    if isinstance(problem, ModelHTTPError) and problem.headers is not None:
        limited = isinstance(problem, ModelRateLimitError | ModelUnavailableError)
        status = HTTPStatus.TOO_MANY_REQUESTS if limited else problem.status_code
        return retry_after(problem.headers, str(problem), status=status)
    said = retry_after({}, str(problem), status=HTTPStatus.TOO_MANY_REQUESTS)
    return problem.retry_after if said is None else said


def _most_hopeful(errors: list[Exception | None]) -> Exception | None:
    """Return the error that says most of whether another try can help. One that may have been paid for goes first."""
    known = [error for error in errors if error is not None]
    in_doubt = [error for error in known if not (isinstance(error, AgentError) and error.not_done)]
    for kind in _WORTH_WAITING:
        for error in in_doubt or known:
            if isinstance(error, kind):
                return error
    return next(iter(in_doubt or known), None)
