"""What is sent again, after which pause, and what is not."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from podium.api.runs import RunBody
from podium.client.api_call import ApiCall, get, post, through_the_store
from podium.client.exchange import Pause, effects
from podium.client.problems import error_of
from podium.errors import (
    InvalidTransition,
    NotPossible,
    PodiumError,
    RunFailed,
    ServerError,
    ServerUnavailable,
    StoreUnavailable,
    TeamError,
)

LOOK = get("/runs/{run}/facts", list[int], run="run_1")
START = post("/runs", list[int], again=True)
RETRY = post("/runs/{run}/retry", list[int], run="run_1")
RETRIES = 3
REQUEST = httpx.Request("GET", "http://podium/api/v1/runs")


def answer(status: int, code: str = "x", **headers: str) -> httpx.Response:
    problem: dict[str, Any] = {
        "type": "t",
        "title": "t",
        "status": status,
        "detail": "because",
        "code": code,
        "errors": [],
    }
    found = {name.replace("_", "-"): each for name, each in headers.items()}
    return httpx.Response(status, json={**problem, "errors": []}, headers=found, request=REQUEST)


GOOD = httpx.Response(200, json=[7], request=REQUEST)
REFUSED = httpx.ConnectError("refused")
BROKEN = httpx.ReadError("broken")
SLOW = httpx.ReadTimeout("slow")
AWAY = answer(503, "store-unavailable", retry_after="2")
MANY = answer(429, "http", retry_after="7")


def carried_out(call: ApiCall[Any], replies: Sequence[Any]) -> tuple[Any, list[float]]:
    """Return what came of a call that gets these replies, and the pauses before each further request."""
    running, left = effects(call, "http://podium", RETRIES), [*replies]
    pauses: list[float] = []
    effect = next(running)
    try:
        while True:
            if isinstance(effect, Pause):
                pauses.append(effect.seconds)
                effect = running.send(None)
            else:
                assert effect is call
                effect = running.send(left.pop(0))
    except StopIteration as ended:
        assert left == []
        return ended.value, pauses
    except PodiumError as error:
        assert left == []
        return error, pauses


@pytest.mark.parametrize("reply", [REFUSED, BROKEN, SLOW, AWAY, MANY], ids=repr)
@pytest.mark.parametrize("call", [LOOK, START], ids=["look", "start"])
def test_what_does_no_more_than_once_is_sent_again(call: ApiCall[Any], reply: Any) -> None:
    found, pauses = carried_out(call, [reply, reply, GOOD])
    assert found == [7]
    assert len(pauses) == 2


@pytest.mark.parametrize("reply", [REFUSED, MANY, httpx.ConnectTimeout("slow")], ids=repr)
def test_what_may_do_more_is_sent_again_where_it_was_certainly_not_done(reply: Any) -> None:
    assert carried_out(RETRY, [reply, GOOD])[0] == [7]


@pytest.mark.parametrize(
    ("reply", "kind"), [(BROKEN, ServerUnavailable), (SLOW, ServerUnavailable), (AWAY, StoreUnavailable)]
)
def test_what_may_do_more_is_not_sent_again_where_it_may_have_been_done(reply: Any, kind: type[PodiumError]) -> None:
    found, pauses = carried_out(RETRY, [reply])
    assert type(found) is kind
    assert pauses == []


@pytest.mark.parametrize("call", [post("/audit/verify", list[int]), LOOK, START], ids=["verify", "look", "start"])
def test_what_goes_through_all_of_a_store_is_waited_for_and_not_begun_a_second_time(call: ApiCall[Any]) -> None:
    through = through_the_store(call)
    assert through.wait > 90
    found, pauses = carried_out(through, [answer(503, "took-too-long", retry_after="2")])
    assert (type(found), pauses) == (ServerUnavailable, [])
    assert carried_out(through, [REFUSED, GOOD])[0] == [7]


def test_pauses_grow_and_end() -> None:
    found, pauses = carried_out(LOOK, [REFUSED] * (RETRIES + 1))
    assert isinstance(found, ServerUnavailable)
    assert "http://podium did not answer: refused" in str(found)
    assert len(pauses) == RETRIES
    for number, each in enumerate(pauses):
        assert 0.1 * 2**number <= each <= 0.2 * 2**number


def test_a_server_is_left_alone_for_as_long_as_it_says_but_not_for_ever() -> None:
    assert carried_out(START, [MANY, AWAY, GOOD])[1] == [7.0, 2.0]
    until = answer(429, "http", retry_after="Tue, 01 Dec 2026 08:00:09 GMT", date="Tue, 01 Dec 2026 08:00:00 GMT")
    assert carried_out(START, [until, GOOD])[1] == [9.0]  # as what stands between may say it
    found, pauses = carried_out(START, [answer(429, "http", retry_after="3600")])
    assert (type(found), found.status, pauses) == (ServerError, 429, [])


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_what_would_be_answered_the_same_is_not_sent_again(status: int) -> None:
    found, pauses = carried_out(LOOK, [answer(status, "not-possible")])
    assert (type(found), found.status, str(found), pauses) == (NotPossible, status, "because", [])


def test_what_cannot_be_sent_is_not_sent_again() -> None:
    assert carried_out(LOOK, [httpx.LocalProtocolError("no header")])[1] == []


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("run-failed", 409, PodiumError),  # it names the run, which a message does not
        ("invalid-transition", 409, TeamError),
        ("fault", 500, ServerError),
        ("of-a-later-release", 503, ServerUnavailable),
    ],
)
def test_an_error_that_is_not_made_of_a_message_is_the_nearest_above_it(
    code: str, status: int, kind: type[PodiumError]
) -> None:
    assert not issubclass(PodiumError, RunFailed | InvalidTransition)
    assert type(error_of(answer(status, code))) is kind


def test_what_is_no_answer_of_podium_says_so() -> None:
    page = httpx.Response(502, html="<h1>Bad\n gateway</h1>" + "x" * 500, request=REQUEST)
    found = error_of(page)
    assert (type(found), found.status) == (ServerUnavailable, 502)
    assert "answered with status 502, and not as a server of Podium does: '<h1>Bad gateway</h1>xx" in str(found)
    assert len(str(found)) < 450
    moved = error_of(httpx.Response(301, headers={"location": "https://podium"}, request=REQUEST))
    assert "says to ask at https://podium: give the client that address" in str(moved)


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"id": 3}'])
def test_an_answer_of_another_form_is_an_error_of_the_server(body: bytes) -> None:
    found, _ = carried_out(
        get("/runs/{run}", RunBody, run="run_1"), [httpx.Response(200, content=body, request=REQUEST)]
    )
    assert type(found) is ServerError
    assert "that the client is not older than the server" in str(found)


def test_what_stands_in_a_path_stays_one_part_of_it() -> None:
    assert get("/runs/{run}/calls/{key}", int, run="a b/c?", key="1/é").path == "/runs/a%20b%2Fc%3F/calls/1%2F%C3%A9"
