"""What is sent when, and how often: said as requests and pauses, whoever carries them out."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from secrets import SystemRandom
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from podium import lazy
from podium.client.api_call import ApiCall, Sending
from podium.client.problems import error_of, unexpected, unfit, unreachable
from podium.errors import PodiumError
from podium.model.json import Json

if TYPE_CHECKING:
    from podium.formats import retry_after
else:
    retry_after = lazy.module("podium.formats.retry_after")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_LONGEST_ASKED = 60.0
"""Seconds: a server that wants to be left alone for longer is asked no more."""
_TOO_MANY, _AWAY = 429, 503
_CHANCE = SystemRandom()


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many seconds."""

    seconds: float


HttpReply: TypeAlias = httpx.Response | httpx.TransportError
HttpExchange: TypeAlias = Generator[ApiCall[Any] | Pause, HttpReply | None, T]
"""What is to be sent, and when nothing is; each request gets its reply."""


class SendingPlan(Protocol[T_co]):
    """What is sent: one call, or several one after another."""

    def __iter__(self) -> Sending[T_co]:
        """Give the calls, each with the answer to the one before."""
        ...


def effects(plan: SendingPlan[T], url: str, retries: int) -> HttpExchange[T]:
    """Carry out a plan, call by call."""
    steps = iter(plan)
    answer: Json = None
    while True:
        try:
            call = steps.send(answer)
        except StopIteration as ended:
            return ended.value
        except ValidationError as error:
            raise unfit(error) from error
        answer = yield from _exchange(call, url, retries)


def _exchange(call: ApiCall[T], url: str, retries: int) -> HttpExchange[T]:
    """Send a call, again where that is sound, and return the answer; raises the error that the server tells of."""
    reply = yield from answered(call, url, retries)
    return read_as(call.answer, reply.content or b"null", reply.url)


def answered(
    call: ApiCall[Any], url: str, retries: int
) -> Generator[ApiCall[Any] | Pause, HttpReply | bytes | None, httpx.Response]:
    """Send a call, again where that is sound, and return the reply that is good, read or not."""
    for tried in range(retries + 1):
        reply = yield call
        assert isinstance(reply, httpx.Response | httpx.TransportError)
        if isinstance(reply, httpx.Response) and reply.is_success:
            return reply
        pause = pause_after(call, reply, tried)
        if pause is None or tried == retries:
            raise failure(reply, url)
        yield Pause(pause)
    raise AssertionError


def pause_after(call: ApiCall[Any], reply: HttpReply, tried: int) -> float | None:
    """Return after how many seconds a call is sent again; None for never.

    What may have been done is only sent again where it is then done once; what was certainly not done always is.
    """
    usual = min(_FIRST_PAUSE * 2**tried, _LONGEST_PAUSE) * _CHANCE.uniform(0.5, 1.0)
    if isinstance(reply, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return None
    if isinstance(reply, httpx.TransportError):
        nothing_sent = isinstance(reply, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        return usual if call.again or nothing_sent else None
    if reply.status_code == _TOO_MANY or (reply.status_code == _AWAY and call.again):
        asked = retry_after.retry_after(reply.headers, status=reply.status_code) or 0.0
        return None if asked > _LONGEST_ASKED else max(asked, usual)
    return None


def failure(reply: HttpReply, url: str) -> PodiumError:
    """Return the error of a reply that is no answer to what was asked."""
    return unreachable(reply, url) if isinstance(reply, httpx.TransportError) else error_of(reply)


def read_as(answer: type[T], content: bytes, url: httpx.URL) -> T:
    """Return what a server sent as what it is to be; raises ServerError where it is none."""
    try:
        return _adapter(answer).validate_json(content)
    except ValidationError as error:
        raise unexpected(url, str(unfit(error))) from error


@cache
def _adapter(answer: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(answer)
