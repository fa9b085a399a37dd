"""What a server answers that is no answer to what was asked, as the error that the app itself would raise."""

import inspect
from collections.abc import Iterator, Mapping
from functools import cache

import httpx
from pydantic import ValidationError

from podium import errors
from podium.api.problems import ProblemBody
from podium.errors import InvalidValue, PodiumError, ServerError, ServerUnavailable

_AWAY = (502, 503, 504)
_SHOWN = 200
"""Characters of an answer that is shown where nobody of Podium gave it."""


def error_of(answer: httpx.Response) -> PodiumError:
    """Return the error that an answer tells of; its `status` is that of the answer."""
    status = answer.status_code
    try:
        problem = ProblemBody.model_validate_json(answer.content)
    except ValidationError:
        error = _foreign(answer)
    else:
        kind = _by_code().get(problem.code, ServerUnavailable if status in _AWAY else ServerError)
        error = kind(problem.detail)
    error.status = status
    return error


def unreachable(error: httpx.TransportError, url: str) -> ServerUnavailable:
    """Return the error of a server that was not reached, or did not answer in time."""
    why = str(error) or type(error).__name__
    return ServerUnavailable(f"the server at {url} did not answer: {why}. See whether `podium serve` runs there.")


def unfit(error: ValidationError) -> InvalidValue:
    """Return the error of what does not fit what the server takes, and was not sent."""
    told = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
    return InvalidValue("; ".join(told))


def unexpected(url: httpx.URL, why: str) -> ServerError:
    """Return the error of an answer that is good, but not what was asked for."""
    return ServerError(
        f"{url} answered with something else than this client expects: {why}. "
        "See that the address is that of `podium serve`, and that the client is not older than the server."
    )


def _foreign(answer: httpx.Response) -> PodiumError:
    kind = ServerUnavailable if answer.status_code in _AWAY else ServerError
    if answer.is_redirect:
        return kind(f"{answer.url} says to ask at {answer.headers.get('location')}: give the client that address.")
    text = " ".join(answer.text.split())[:_SHOWN]
    return kind(
        f"{answer.url} answered with status {answer.status_code}, and not as a server of Podium does: {text!r}. "
        "See that the address is that of `podium serve`, and what stands between."
    )


@cache
def _by_code() -> Mapping[str, type[PodiumError]]:
    """Return the error of each code; where one is made of more than a message, the nearest above it that is not."""
    return {
        kind.code: next(each for each in _above(kind) if _takes_a_message(each))
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, PodiumError)
    }


def _above(kind: type[PodiumError]) -> Iterator[type[PodiumError]]:
    return (each for each in kind.__mro__ if issubclass(each, PodiumError))


def _takes_a_message(kind: type[PodiumError]) -> bool:
    needed = [each for each in inspect.signature(kind.__init__).parameters.values() if each.default is each.empty]
    return all(each.kind is not each.KEYWORD_ONLY for each in needed)
