"""What it means to Podium that a model's provider failed, whoever asked it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from podium.errors import AgentError, RateLimited, Refusal, TransportFailed
from podium.formats.retry_after import retry_after
from podium.formats.turned_away import TURNED_AWAY
from podium.model.expected import is_mapping

_CLIENT_ERRORS = {*range(400, 500)} - {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}
"""A request that came too slowly and a conflict pass: OpenAI's client tries them again too."""

_UNAVAILABLE = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, 529})

_USED_UP = frozenset({
    "insufficient_quota", "billing_hard_limit_reached", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
})  # fmt: skip
"""What providers with OpenAI's protocol call it, with status 429, where no waiting helps."""

_SAID_IN_STREAM: Mapping[str, int] = {
    **dict.fromkeys(("rate_limit_exceeded", "rate_limit_error", "too_many_requests", *_USED_UP), 429),
    **dict.fromkeys(("service_unavailable", "server_is_overloaded", "overloaded", "server_error"), 503),
    "context_length_exceeded": 400,
}
"""The status that an error would have had that was told in a stream, by its code."""

_TIMED_OUT = frozenset({"APITimeoutError", "ModelTimeoutError", "TimeoutException"})
_NOT_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
_BROKEN = frozenset({"APIConnectionError", "APIError", "TransportError"})
"""Exceptions of the clients of vendors, and of the HTTP client in them, by name: each vendor has its own."""


def of_status(
    text: str, status: int | None, *, pause: float | None, unasked: bool, limited: bool = False,
    unavailable: bool = False,
) -> AgentError:  # fmt: skip
    """Return what it means that a provider failed with this HTTP status.

    `pause` is for how many seconds it wants to be left alone. `unasked` says that it had begun no answer, `limited`
    that it was asked too often, `unavailable` that it cannot answer now: with a pause, that means to ask it less.
    """
    turned_away = unasked and (status in TURNED_AWAY or (limited and status is None))
    if limited or status == HTTPStatus.TOO_MANY_REQUESTS or (unavailable and pause is not None):
        return RateLimited(text, retry_after=pause, not_done=turned_away, begun=not turned_away)
    if status in _CLIENT_ERRORS:
        return Refusal(text, not_done=turned_away)
    return TransportFailed(text, retry_after=pause, not_done=turned_away)


def of_vendor(problem: BaseException) -> Exception | None:
    """Return what an exception of a vendor's client means; None where it is none.

    Clients are not imported: an exception that has a `status_code` and a `response` with headers is read by these,
    one of a connection or a time-out is known by its name.
    """
    text, status, code = str(problem), getattr(problem, "status_code", None), _code(problem)
    if isinstance(status, int):
        headers = _headers(problem)
        pause = retry_after(headers, text, status=status)
        if code in _USED_UP or status == HTTPStatus.PAYMENT_REQUIRED:
            return Refusal(text, not_done=True)
        return of_status(text, status, pause=pause, unasked=True, unavailable=status in _UNAVAILABLE)
    names = {each.__name__ for each in type(problem).__mro__}
    if names & _NOT_CONNECTED or (names & _BROKEN and _never_connected(problem)):
        return TransportFailed(text, not_done=True)
    if names & _TIMED_OUT:
        return TimeoutError(text)
    if code in _USED_UP:
        return Refusal(text)
    if names & _BROKEN:
        told = _SAID_IN_STREAM.get(code)
        return of_status(text, told, pause=retry_after({}, text, status=told or 0), unasked=False)
    return None


def chain_of(problem: BaseException) -> Iterator[BaseException]:
    """Give an exception, and those that it was raised from."""
    seen: BaseException | None = problem
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _never_connected(problem: BaseException) -> bool:
    names = {each.__name__ for cause in chain_of(problem) for each in type(cause).__mro__}
    return bool(names & _NOT_CONNECTED)


def _code(problem: BaseException) -> str:
    body = getattr(problem, "body", None)
    if is_mapping(body) and is_mapping(inner := body.get("error")):
        body = inner
    said = body.get("code") or body.get("type") if is_mapping(body) else getattr(problem, "code", None)
    return said if isinstance(said, str) else ""


def _headers(problem: BaseException) -> Mapping[str, str]:
    headers = getattr(getattr(problem, "response", None), "headers", None)
    return {str(name): str(value) for name, value in dict(headers).items()} if headers is not None else {}
