import asyncio
import socket

import orjson
import pytest

from podium.agents.http import HttpAgent, http
from podium.errors import (
    AgentError,
    BadAnswer,
    NotDone,
    RateLimited,
    Refusal,
    TransportFailed,
    UsageError,
)
from podium.model.json import Json
from podium.model.outcome import Done
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import call_with
from tests.unit.agents.service import Reply, Seen, service


def _ask(agent: HttpAgent[Json, Json], value: Json = None) -> Json:
    async def run() -> Json:
        try:
            ended = await agent.run(call_with(value), PlainSteps(idempotency_key="key-1"))
        finally:
            await agent.aclose()
        assert isinstance(ended, Done)
        return ended.value

    return asyncio.run(run())


def _agent(url: str, **more: Json) -> HttpAgent[Json, Json]:
    return http(url, name="score", input=Json, output=Json, **more)


def test_json_goes_out_and_comes_back() -> None:
    with service(lambda seen: Reply(body=b'{"got":' + seen.body + b"}")) as url:
        assert _ask(_agent(url), {"a": 1}) == {"got": {"a": 1}}


def test_each_request_carries_the_idempotency_key() -> None:
    with service(lambda seen: Reply(body=orjson.dumps(seen.headers["idempotency-key"]))) as url:
        assert _ask(_agent(url)) == "key-1"


def test_a_header_may_refer_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def respond(request: Seen) -> Reply:
        seen.append(request.headers["authorization"])
        return Reply()

    with service(respond) as url:
        agent = _agent(url, headers={"Authorization": "Bearer env:SCORE_TOKEN"})
        monkeypatch.setenv("SCORE_TOKEN", "secret-token")
        _ask(agent)
    assert seen == ["Bearer secret-token"]


def test_a_secret_is_masked_in_what_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_TOKEN", "secret-token")
    with service(lambda seen: Reply(body=orjson.dumps(seen.headers["x-key"]))) as url:
        assert _ask(_agent(url, headers={"X-Key": "env:SCORE_TOKEN"})) == "***"


def test_a_secret_that_is_no_header_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_TOKEN", "secret-token\n")
    with pytest.raises(Refusal, match="SCORE_TOKEN") as failed:
        _ask(_agent("http://127.0.0.1:1/", headers={"X-Key": "env:SCORE_TOKEN"}))
    assert "secret-token" not in str(failed.value)


def test_a_reference_to_nothing_is_a_clear_error() -> None:
    with pytest.raises(Refusal, match=r"score is not asked: .*variable NO_SUCH_TOKEN is not set") as failed:
        _ask(_agent("http://127.0.0.1:1/", headers={"X-Key": "env:NO_SUCH_TOKEN"}))
    assert failed.value.not_done


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, AgentError),
        (401, Refusal),
        (403, Refusal),
        (404, AgentError),
        (408, TransportFailed),
        (302, AgentError),
        (500, TransportFailed),
        (503, TransportFailed),
    ],
)
def test_a_status_tells_what_sort_of_failure_it_is(status: int, error: type[AgentError]) -> None:
    with (
        service(lambda _: Reply(status, b"the reason")) as url,
        pytest.raises(AgentError, match=f"score answered {status}: the reason") as failed,
    ):
        _ask(_agent(url))
    assert type(failed.value) is error


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    with (
        service(lambda _: Reply(status, b"", {"Retry-After": "7"})) as url,
        pytest.raises(RateLimited) as failed,
    ):
        _ask(_agent(url))
    assert failed.value.retry_after == 7.0


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 504])
def test_retry_after_is_honoured_whatever_the_failure_is(status: int) -> None:
    with service(lambda _: Reply(status, b"", {"Retry-After": "7"})) as url, pytest.raises(AgentError) as failed:
        _ask(_agent(url))
    assert not isinstance(failed.value, RateLimited)
    assert failed.value.retry_after == 7.0


@pytest.mark.parametrize("status", [429, 503, 529])
def test_what_a_service_says_of_its_limits_is_honoured(status: int) -> None:
    with (
        service(lambda _: Reply(status, b"", {"x-ratelimit-reset": "7"})) as url,
        pytest.raises(RateLimited) as failed,
    ):
        _ask(_agent(url))
    assert failed.value.retry_after == 7.0
    with service(lambda _: Reply(status, b"please retry after 8 seconds")) as url, pytest.raises(RateLimited) as failed:
        _ask(_agent(url))
    assert failed.value.retry_after == 8.0


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 451])
def test_a_service_that_turns_us_away_did_nothing(status: int) -> None:
    with service(lambda _: Reply(status, b"")) as url, pytest.raises(AgentError) as failed:
        _ask(_agent(url))
    assert failed.value.not_done


@pytest.mark.parametrize("status", [400, 408, 409, 422, 500, 503, 504])
def test_what_a_service_did_that_failed_is_in_doubt(status: int) -> None:
    with service(lambda _: Reply(status, b"")) as url, pytest.raises(AgentError) as failed:
        _ask(_agent(url))
    assert not failed.value.not_done


def test_an_answer_that_is_no_json_is_a_bad_answer() -> None:
    with service(lambda _: Reply(body=b"<html>")) as url, pytest.raises(BadAnswer, match="did not answer with JSON"):
        _ask(_agent(url))


def test_an_answer_of_the_wrong_form_is_a_bad_answer() -> None:
    with service(lambda _: Reply(body=b'"5"')) as url, pytest.raises(BadAnswer, match="expected int"):
        _ask(http(url, name="score", input=Json, output=int))


def test_an_answer_that_is_too_long_is_refused() -> None:
    with service(lambda _: Reply(body=b'"' + b"x" * 5000 + b'"')) as url, pytest.raises(BadAnswer, match="1000 bytes"):
        _ask(_agent(url, max_answer=1000))


def test_an_empty_answer_is_none() -> None:
    with service(lambda _: Reply(204, b"")) as url:
        assert _ask(_agent(url)) is None


def test_where_nobody_listens_nothing_was_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotDone, match="could not be reached"):
        _ask(_agent(f"http://127.0.0.1:{port}/"))


def test_a_connection_cut_after_sending_is_a_transport_failure() -> None:
    with (
        service(lambda _: Reply(body=b"1", headers={"Content-Length": "10", "Connection": "close"})) as url,
        pytest.raises(TransportFailed, match="broke"),
    ):
        _ask(_agent(url))


def test_one_agent_serves_several_event_loops() -> None:
    with service(lambda seen: Reply(body=seen.body)) as url:
        agent = _agent(url)
        assert [_ask(agent, 1), _ask(agent, 2)] == [1, 2]


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="must begin with http"):
        _agent("ftp://example.org")


def test_a_method_without_a_body_is_refused() -> None:
    with pytest.raises(UsageError, match="carries a body"):
        _agent("http://127.0.0.1/", method="GET")
