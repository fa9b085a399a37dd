"""What an error of Pydantic AI means to Podium."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from pydantic_ai.exceptions import (
    ContentFilterError,
    FallbackExceptionGroup,
    ModelAPIError,
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

from podium.errors import BadAnswer, RateLimited, Refusal, TransportFailed

_CLIENT_ERRORS = {*range(400, 500)} - {HTTPStatus.CONFLICT}
"""A conflict passes: OpenAI's client tries it again too."""

_STUMBLES = (AttributeError, LookupError, TypeError)
"""What the code of an adapter raises that expects more of an answer than there is, such as a list that is empty."""

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
    text = str(problem)
    status = problem.status_code if isinstance(problem, ModelHTTPError) else None
    match problem:
        case ModelTimeoutError() | ModelRequestTimeout():
            return TimeoutError(text)
        case ModelQuotaExceededError() | ModelRequestRejectedError():
            return Refusal(text)
        case ModelRateLimitError():
            return RateLimited(text, retry_after=problem.retry_after)
        case ModelUnavailableError() if problem.retry_after is not None:
            return RateLimited(text, retry_after=problem.retry_after)
        case _ if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(text, retry_after=problem.retry_after)
        case _ if status == HTTPStatus.REQUEST_TIMEOUT:
            return TimeoutError(text)
        case _ if status in _CLIENT_ERRORS:
            return Refusal(text)
        case _:
            return TransportFailed(text)


def _most_hopeful(errors: list[Exception | None]) -> Exception | None:
    for kind in _WORTH_WAITING:
        for error in errors:
            if isinstance(error, kind):
                return error
    return next((error for error in errors if error is not None), None)
