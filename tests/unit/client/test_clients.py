"""How clients are made, and closed."""

import httpx
import pytest

from podium.client import AsyncClient, Client
from podium.errors import ServerUnavailable, UsageError

ASKED: list[httpx.Request] = []


def answer(request: httpx.Request) -> httpx.Response:
    ASKED.append(request)
    return httpx.Response(200, json={"items": []})


@pytest.mark.parametrize("url", ["", "podium", "ftp://podium", "http://", "http://podium?x=1", "http://x#y"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="url: expected the address of a server, such as"):
        Client(url)
    with pytest.raises(UsageError, match="url: expected the address of a server, such as"):
        AsyncClient(url)


@pytest.mark.parametrize("token", ["", " x", "x\ny", "é"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(UsageError, match="token: expected a token as the server gave it") as raised:
        Client("http://podium", token=token)
    assert not token.strip() or token not in str(raised.value)


@pytest.mark.parametrize(("timeout", "retries"), [(0, 1), (1, -1)])
def test_times_and_numbers_that_are_none_are_refused(timeout: float, retries: int) -> None:
    with pytest.raises(UsageError, match="retries are from 0 on"):
        Client("http://podium", timeout=timeout, retries=retries)


@pytest.mark.parametrize("url", ["http://podium:8400", "http://podium:8400/", "http://podium:8400/api/v1"])
def test_the_address_may_be_the_one_that_the_server_prints(url: str) -> None:
    ASKED.clear()
    http = httpx.Client(transport=httpx.MockTransport(answer))
    assert [*Client(url, token="secret", http=http).runs.list()] == []
    (request,) = ASKED
    assert str(request.url) == "http://podium:8400/api/v1/runs"
    assert request.headers["authorization"] == "Bearer secret"


def test_a_client_of_your_own_stays_open() -> None:
    http = httpx.Client(transport=httpx.MockTransport(answer))
    with Client("http://podium", http=http) as client:
        assert client.runs.list().page().items == []
    assert not http.is_closed
    http.close()


async def test_connections_of_a_client_are_closed_with_it() -> None:
    with Client("http://127.0.0.1:9", retries=0) as client, pytest.raises(ServerUnavailable, match="podium serve"):
        client.runs.get("run_1")
    with pytest.raises(RuntimeError, match="closed"):
        client.runs.get("run_1")
    async with AsyncClient("http://127.0.0.1:9", retries=0) as other:
        with pytest.raises(ServerUnavailable):
            await other.runs.get("run_1")
    with pytest.raises(RuntimeError, match="closed"):
        await other.runs.get("run_1")
