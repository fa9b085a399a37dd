"""What sort of failure an exception is: told by its class, its HTTP status or its library, without importing that."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import cast

from podium import errors
from podium.formats.retry_after import retry_after
from podium.model.json import Json
from podium.model.outcome import Failure, text_of
from podium.model.retry import FailureKind
from podium.model.traceback import message_of, traceback_of, type_of

_BY_CLASS: Mapping[type[BaseException], FailureKind] = MappingProxyType(
    {
        errors.RateLimited: FailureKind.RATE,
        errors.TransportFailed: FailureKind.TRANSPORT,
        errors.NotDone: FailureKind.TRANSPORT,
        errors.Refusal: FailureKind.REFUSAL,
        errors.BadAnswer: FailureKind.VALIDATION,
        errors.InvalidValue: FailureKind.VALIDATION,
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


def failure_of(error: BaseException) -> Failure:
    """Return what is recorded of an exception that an agent raised; of one that cannot be looked at, that."""
    try:
        return _failure_of(error)
    except Exception as broken:
        why = f"(it cannot be looked at: {type(broken).__name__})"
        return Failure(FailureKind.BUG, "Exception", why, traceback=traceback_of(error))


def _failure_of(error: BaseException) -> Failure:
    return Failure(
        kind=_kind_of(error),
        type=type_of(error),
        message=_message_of(error),
        retry_after=_retry_after_of(error),
        not_done=isinstance(error, errors.AgentError) and error.not_done,
        begun=isinstance(error, errors.RateLimited) and error.begun,
        causes=error.keys if isinstance(error, errors.CallError) else (),
        traceback=traceback_of(error),
    )


def _kind_of(error: BaseException) -> FailureKind:
    if isinstance(error, errors.CallFailed):
        return FailureKind(error.kind)  # what another agent that it called failed with
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
    if isinstance(error, BaseExceptionGroup):
        return _kind_of_group(cast("BaseExceptionGroup[BaseException]", error))
    return FailureKind.BUG


def _kind_of_group(group: BaseExceptionGroup[BaseException]) -> FailureKind:
    """A task group's failure is of the kind that all its parts share, those of groups in it too."""
    kinds, waiting = set[FailureKind](), [*group.exceptions]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", each).exceptions
        else:
            kinds.add(_kind_of(each))
    return kinds.pop() if len(kinds) == 1 else FailureKind.BUG


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
