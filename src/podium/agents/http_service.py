"""A service behind HTTP that takes JSON and gives JSON: what it is sent, and what its answers mean."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import httpx
import orjson

from podium.agents.per_loop import PerLoop
from podium.errors import AgentError, BadAnswer, ConfigError, NotDone, RateLimited, Refusal, TransportFailed
from podium.formats.retry_after import TOO_MUCH, retry_after
from podium.formats.turned_away import TURNED_AWAY
from podium.model.json import Json
from podium.secrets.literals import learn_url
from podium.secrets.masking import MASKING
from podium.secrets.reference import filled, mask_literals

MAX_ANSWER = 64 * 2**20
_CONNECT_SECONDS = 10.0
_SHOWN = 500
"""Bytes of an error's body that are shown."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CLIENT_ERRORS: Mapping[int, type[AgentError]] = MappingProxyType(
    {
        401: Refusal,
        402: Refusal,
        403: Refusal,
        408: TransportFailed,
        409: Refusal,
        425: TransportFailed,
        451: Refusal,
    }
)
"""What a status below 500 means; any other is a mistake in how the service is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a service is and how it is called."""

    name: str
    """What it is called in messages."""
    url: str
    method: str
    headers: Mapping[str, str]
    max_answer: int

    def __post_init__(self) -> None:
        learn_url(self.url, f"in the url of {self.name}")
        mask_literals(self.headers)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpService:
    """Asks a service; `aclose` gives its connections back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._clients = PerLoop(_client)

    async def ask(self, input: Json, headers: Mapping[str, str]) -> Json:
        """Send JSON and return the JSON of the answer.

        Raises RateLimited, Refusal, TransportFailed (NotDone where nothing was sent), BadAnswer, or AgentError where
        the request was wrong.
        """
        return await self._ask(self._request(self._endpoint.method, "", input, headers))

    async def ask_at(self, method: str, path: str, input: Json = None, *, none_for: Collection[int] = ()) -> Json:
        """Do so at a path below the url, with another method; None for an answer of one of these statuses.

        An input of None sends no body.
        """
        return await self._ask(self._request(method, path, input, {}), none_for)

    async def _ask(self, request: httpx.Request, none_for: Collection[int] = ()) -> Json:
        answer = await self._send(request)
        if answer.status in none_for:
            return None
        self._raise_for(answer)
        return self._value(answer)

    def _request(self, method: str, path: str, input: Json, headers: Mapping[str, str]) -> httpx.Request:
        sends = {} if path and input is None else {"Content-Type": "application/json"}
        return self._clients.get().build_request(
            method,
            f"{self._endpoint.url}{path}",
            content=orjson.dumps(input) if sends else None,
            headers={**sends, "Accept": "application/json", **self._headers(), **headers},
        )

    def _headers(self) -> Mapping[str, str]:
        """Return the headers with their secrets; raises Refusal for one that is not set: another try does not help."""
        try:
            headers = filled(self._endpoint.headers)
        except ConfigError as error:
            raise Refusal(f"{self._endpoint.name} is not asked: {error}", not_done=True) from error
        for name, value in headers.items():
            if not value.isprintable():
                said = f"{self._endpoint.headers[name]!r} has a character that cannot be in the header {name}"
                raise Refusal(f"{self._endpoint.name} is not asked: {said}", not_done=True)
        return headers

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        client = self._clients.pop()
        if client is not None:
            await client.aclose()

    async def _send(self, request: httpx.Request) -> _Answer:
        try:
            response = await self._clients.get().send(request, stream=True)
            try:
                body = await self._body(response)
            finally:
                await response.aclose()
        except _NOT_SENT as error:
            why = _said(error)
            raise NotDone(f"{self._endpoint.name} could not be reached at {self._endpoint.url}: {why}") from error
        except httpx.RequestError as error:
            raise TransportFailed(f"the connection of {self._endpoint.name} broke: {_said(error)}") from error
        return _Answer(response.status_code, response.headers, body)

    async def _body(self, response: httpx.Response) -> bytes:
        most = self._endpoint.max_answer
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most:
                raise BadAnswer(
                    f"{self._endpoint.name} answered with more than {most} bytes; raise max_answer if it must"
                )
        return bytes(body)

    def _raise_for(self, answer: _Answer) -> None:
        status = answer.status
        if httpx.codes.is_success(status):
            return
        start = _start(answer.body)
        said = f"{self._endpoint.name} answered {status}" + (f": {start}" if start else "")
        wait = retry_after(answer.headers, answer.body.decode(errors="replace"), status=status)
        if status == HTTPStatus.TOO_MANY_REQUESTS or (status in TOO_MUCH and wait is not None):
            raise RateLimited(said, retry_after=wait, begun=status not in TURNED_AWAY)
        if httpx.codes.is_server_error(status):
            raise TransportFailed(said, retry_after=wait)
        raise _CLIENT_ERRORS.get(status, AgentError)(said, retry_after=wait, not_done=status in TURNED_AWAY)

    def _value(self, answer: _Answer) -> Json:
        body = answer.body.strip() or b"null"
        try:
            return MASKING.json(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise BadAnswer(f"{self._endpoint.name} did not answer with JSON ({error}): {_start(body)}") from error


def _client() -> httpx.AsyncClient:
    """Return a client. Only connecting has a bound of its own: how long an answer may take is the call's timeout."""
    return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS))


def _start(body: bytes) -> str:
    """Return the start of an answer, cut only after what is secret was masked."""
    return MASKING.text(body.decode(errors="replace"))[:_SHOWN].strip()


def _said(error: httpx.HTTPError) -> str:
    return MASKING.text(str(error)) or type(error).__name__
