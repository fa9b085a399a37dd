"""What sort of failure an exception is: told by its class, its HTTP status or its library, without importing that."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterable, Mapping
from math import inf
from types import MappingProxyType
from typing import cast

from podium import errors
from podium.formats.retry_after import retry_after
from podium.model.json import Json
from podium.model.outcome import Failure, text_of
from podium.model.retry import NEVER_AGAIN, FailureKind
from podium.model.rule_names import is_scarce
from podium.model.traceback import message_of, traceback_of, type_of

_BY_CLASS: Mapping[type[BaseException], FailureKind] = MappingProxyType(
    {
        errors.RateLimited: FailureKind.RATE,
        errors.TransportFailed: FailureKind.TRANSPORT,
        errors.NotDone: FailureKind.TRANSPORT,
        errors.Refusal: FailureKind.REFUSAL,
        errors.BadAnswer: FailureKind.VALIDATION,
        errors.InvalidValue: FailureKind.VALIDATION,
        errors.InvalidTransition: FailureKind.VALIDATION,
        errors.PlanRefused: FailureKind.VALIDATION,
        errors.TeamError: FailureKind.FINAL,
        errors.QuestionExpired: FailureKind.FINAL,
        errors.RunCancelled: FailureKind.FINAL,
        TimeoutError: FailureKind.TIMEOUT,
        ConnectionError: FailureKind.TRANSPORT,
        asyncio.IncompleteReadError: FailureKind.TRANSPORT,
        socket.gaierror: FailureKind.TRANSPORT,
        socket.herror: FailureKind.TRANSPORT,
        ssl.SSLError: FailureKind.TRANSPORT,
    }
)
"""The nearest class in the exception's method resolution order decides."""

_BY_LIBRARY: Mapping[str, Mapping[str, FailureKind]] = MappingProxyType(
    {
        "aiohttp": {
            "ClientConnectionError": FailureKind.TRANSPORT,
            "ClientPayloadError": FailureKind.TRANSPORT,
            "ServerTimeoutError": FailureKind.TIMEOUT,
        },
        "anthropic": {"APIConnectionError": FailureKind.TRANSPORT, "APITimeoutError": FailureKind.TIMEOUT},
        "botocore": {"HTTPClientError": FailureKind.TRANSPORT, "ReadTimeoutError": FailureKind.TIMEOUT},
        "httpcore": {"NetworkError": FailureKind.TRANSPORT, "TimeoutException": FailureKind.TIMEOUT},
        "httpx": {"TransportError": FailureKind.TRANSPORT, "TimeoutException": FailureKind.TIMEOUT},
        "openai": {"APIConnectionError": FailureKind.TRANSPORT, "APITimeoutError": FailureKind.TIMEOUT},
        "pydantic_core": {"ValidationError": FailureKind.VALIDATION},
        "requests": {"ConnectionError": FailureKind.TRANSPORT, "Timeout": FailureKind.TIMEOUT},
        "urllib3": {"HTTPError": FailureKind.TRANSPORT, "TimeoutError": FailureKind.TIMEOUT},
    }
)
"""Classes of libraries that need not be there, by the first part of their module's name."""

_BY_STATUS: Mapping[int, FailureKind] = MappingProxyType(
    {
        408: FailureKind.TRANSPORT,
        425: FailureKind.TRANSPORT,
        429: FailureKind.RATE,
        **dict.fromkeys(range(500, 600), FailureKind.TRANSPORT),
    }
)

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_NETWORK_ERRNOS = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)


def kind_of(error: BaseException) -> FailureKind:
    """Return what sort of failure an exception is, whoever raised it; a bug where it cannot be looked at."""
    try:
        return _looked_at(error)
    except Exception:
        return FailureKind.BUG


def failure_of(error: BaseException) -> Failure:
    """Return what is recorded of an exception that an agent raised; of one that cannot be looked at, that."""
    try:
        return _failure_of(error)
    except Exception as broken:
        why = f"(it cannot be looked at: {type(broken).__name__})"
        return Failure(FailureKind.BUG, "Exception", why, traceback=traceback_of(error))


def _failure_of(error: BaseException) -> Failure:
    return Failure(
        kind=_looked_at(error),
        type=type_of(error),
        message=_message_of(error),
        retry_after=_retry_after_of(error),
        not_done=isinstance(error, errors.AgentError) and error.not_done,
        begun=isinstance(error, errors.RateLimited) and error.begun,
        causes=error.keys if isinstance(error, errors.CallError) else (),
        traceback=traceback_of(error),
    )


def _looked_at(error: BaseException) -> FailureKind:
    match error:
        case errors.CallFailed() | errors.RunFailed():
            return FailureKind(error.kind)
        case errors.CallRefused():
            return FailureKind.FINAL if is_scarce(error.rule) else FailureKind.REFUSED
        case errors.GateClosed() if error.by:
            return FailureKind.REFUSED
        case errors.TooFew():
            return _kind_of_all(error.failures)
        case errors.TeamError() if error.failures:
            return _kind_of_all(error.failures)
        case errors.NoDecision() if error.keys:
            return FailureKind.VALIDATION  # the answer of a member decided nothing
        case BaseExceptionGroup():
            return _kind_of_all(error.exceptions)
        case _:
            return _by_structure(error)


def _kind_of_all(failures: Iterable[BaseException]) -> FailureKind:
    """Return the kind that all failures share of which another try may help, or else all; a bug where they differ."""
    kinds = {_looked_at(each) for each in failures}
    helped = kinds - NEVER_AGAIN or kinds
    if len(helped) == 1:
        return helped.pop()
    return FailureKind.FINAL if helped <= NEVER_AGAIN else FailureKind.BUG


def _by_structure(error: BaseException) -> FailureKind:
    by_status = _BY_STATUS.get(_status_of(error))
    if by_status is not None:
        return by_status
    for ancestor in type(error).__mro__:
        library = ancestor.__module__.partition(".")[0]
        kind = _BY_CLASS.get(ancestor) or _BY_LIBRARY.get(library, {}).get(ancestor.__name__)
        if kind is not None:
            return kind
    if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS:
        return FailureKind.TRANSPORT
    return FailureKind.BUG


def _status_of(error: BaseException) -> int:
    """Return the HTTP status that an error of a client library carries, or 0."""
    # Only plain attributes are read: a property of a foreign class may raise anything.
    own = getattr(error, "__dict__", {})
    for holder in (own, _attributes(own.get("response"))):
        for name in ("status_code", "status"):
            if type(status := holder.get(name)) is int:
                return status
    return 0


def _retry_after_of(error: BaseException) -> float | None:
    own = getattr(error, "__dict__", {})
    if isinstance(seconds := own.get("retry_after"), (int, float)):
        return float(seconds) if 0 <= seconds < inf else None
    headers = own.get("headers") or _attributes(own.get("response")).get("headers")
    said = cast("Mapping[str, str]", headers) if isinstance(headers, Mapping) else _NO_HEADERS
    return retry_after(said, text_of(error), status=_status_of(error))


def _attributes(holder: object) -> Mapping[str, Json]:
    return getattr(holder, "__dict__", {})


def _message_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the agent called sys.exit({'' if error.code is None else error.code!r})"
    return message_of(error)
