"""A stream that is cut goes on after its last event, as long as anything comes of that."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from podium.client.api_call import ApiCall, get
from podium.client.exchange import Pause
from podium.client.following import stream_of
from podium.client.streams import ItemCame, NextChunk
from podium.errors import (
    InvalidValue,
    NotAllowed,
    PodiumError,
    ServerError,
    ServerUnavailable,
    StoreUnavailable,
    UsageError,
)

RETRIES = 3
REQUEST = httpx.Request("GET", "http://podium/api/v1/events")
STREAM = {"content-type": "text/event-stream; charset=utf-8"}
CUT = httpx.ReadError("broken")
STALLED = httpx.ReadTimeout("slow")
REFUSED = httpx.ConnectError("refused")
END = b""
ALIVE = b": alive\n\n"
OVER = b"event: over\n\n"
BEGIN = b"retry: 2000\n\n"
NOTHING_MORE = httpx.Response(204, request=REQUEST)


def opened(**headers: str) -> httpx.Response:
    return httpx.Response(200, headers=headers or STREAM, request=REQUEST)


def event(id: int, type: str = "told") -> bytes:
    return b'id: %d\nevent: %b\ndata: {"n": %d}\n\n' % (id, type.encode(), id)


def problem(status: int, code: str) -> dict[str, Any]:
    return {"type": "t", "title": "t", "status": status, "detail": "because", "code": code, "errors": []}


def ending(status: int, code: str) -> bytes:
    return b"event: problem\ndata: %b\n\n" % json.dumps(problem(status, code)).encode()


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json=problem(status, code), request=REQUEST)


def followed(replies: Sequence[Any]) -> tuple[list[Any], list[str | None]]:
    """Return what comes of a stream that gets these replies, and after which id each request goes on."""
    running, left = stream_of(get("/events", dict[str, int])).read("http://podium", RETRIES), [*replies]
    told: list[Any] = []
    after: list[str | None] = []
    reply: Any = None
    try:
        while True:
            effect, reply = running.send(reply), None
            match effect:
                case ItemCame():
                    told.append(effect.item["n"])
                case ApiCall():
                    after.append(effect.headers.get("last-event-id"))
                    reply = left.pop(0)
                    assert isinstance(reply, httpx.Response | httpx.TransportError)
                case NextChunk():
                    reply = left.pop(0)
                    assert isinstance(reply, bytes | httpx.TransportError)
                case Pause():
                    assert effect.seconds > 0
    except StopIteration:
        pass
    except PodiumError as error:
        told.append(error)
    assert left == []
    return told, after


@pytest.mark.parametrize("cut", [CUT, STALLED, END, httpx.RemoteProtocolError("incomplete")], ids=repr)
def test_a_stream_that_is_cut_goes_on_after_its_last_event(cut: Any) -> None:
    replies = [opened(), event(1) + event(2) + event(3)[:12], cut, REFUSED, opened(), event(3), cut, NOTHING_MORE]
    assert followed(replies) == ([1, 2, 3], [None, "2", "2", "3"])


def test_a_stream_goes_on_after_where_it_was_said_to_begin() -> None:
    assert followed([opened(), BEGIN + b"id: 7\n\n", CUT, NOTHING_MORE]) == ([], [None, "7"])


def test_a_stream_is_over_where_the_server_says_so() -> None:
    assert followed([opened(), event(1) + event(2) + OVER]) == ([1, 2], [None])
    assert followed([opened(), event(1), CUT, opened(), OVER]) == ([1], [None, "1"])


@pytest.mark.parametrize("end", ["run_ended", "stream_blocked"])
@pytest.mark.parametrize("cut", [CUT, END], ids=repr)
def test_a_stream_that_is_cut_at_an_end_goes_on_since_the_run_may_have_been_retried(cut: Any, end: str) -> None:
    rest = [opened(), event(3, "run_rewound"), cut, opened(), event(4, end) + OVER]
    assert followed([opened(), event(1) + event(2, end), cut, *rest]) == ([1, 2, 3, 4], [None, "2", "3"])


@pytest.mark.parametrize("came", [event(1), ALIVE, b"id: 9\n\n"], ids=["event", "alive", "id"])
def test_what_comes_begins_the_count_of_retries_anew(came: bytes) -> None:
    once = [opened(), BEGIN, came, CUT, *[REFUSED] * (RETRIES - 1)]
    told, after = followed([*once, *once, REFUSED])
    assert isinstance(told[-1], ServerUnavailable)
    assert len(after) == 2 * RETRIES + 1


@pytest.mark.parametrize(
    "once", [[REFUSED], [opened(), END], [opened(), BEGIN, CUT], [refused(503, "store-unavailable")]], ids=repr
)
def test_a_stream_of_which_nothing_comes_is_given_up(once: Sequence[Any]) -> None:
    told, after = followed([*once] * (RETRIES + 1))
    assert isinstance(told[0], ServerUnavailable | StoreUnavailable)
    assert len(after) == RETRIES + 1


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (refused(422, "invalid-value"), InvalidValue, 422),
        (refused(403, "not-allowed"), NotAllowed, 403),
        (opened(**{"content-type": "text/html"}), ServerError, None),
    ],
    ids=["422", "403", "page"],
)
def test_an_answer_that_is_no_stream_is_raised(reply: Any, kind: type[PodiumError], status: int | None) -> None:
    (error,), after = followed([reply])
    assert (type(error), error.status, after) == (kind, status, [None])


def test_a_problem_that_ends_a_stream_is_raised() -> None:
    (first, error), after = followed([opened(), event(1) + ending(422, "usage")])
    assert (first, type(error), error.status, str(error), after) == (1, UsageError, 422, "because", [None])


def test_a_problem_that_passes_is_waited_for() -> None:
    told, after = followed(
        [opened(), event(1), ending(503, "store-unavailable"), opened(), event(2), *[CUT, REFUSED] * 2]
    )
    assert (told[:2], after[:2]) == ([1, 2], [None, "1"])
    assert isinstance(told[2], ServerUnavailable)


@pytest.mark.parametrize("data", [b"[]", b"no JSON"])
def test_an_event_of_another_form_is_an_error_of_the_server(data: bytes) -> None:
    (error,), _ = followed([opened(), b"id: 1\ndata: " + data + b"\n\n"])
    assert type(error) is ServerError
    assert "that the client is not older than the server" in str(error)


def test_a_problem_of_another_form_is_an_error_of_the_server() -> None:
    (error,), _ = followed([opened(), b"event: problem\ndata: ?\n\n"])
    assert (type(error), error.status) == (ServerError, 500)
