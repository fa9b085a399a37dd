"""A server on loopback that speaks OpenAI's chat completions and plays a script: for agents of any framework."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import MappingProxyType
from typing import Self

from podium.model.json import Json

_PIECE = 4
"""Characters in each piece of an answer that is streamed."""


@dataclass(frozen=True, slots=True)
class ChatUse:
    """The model calls a tool."""

    tool: str
    arguments: Mapping[str, Json]
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """How a request is answered."""

    text: str = ""
    uses: Sequence[ChatUse] = ()
    usage: tuple[int, int] | None = (100, 10)
    """Tokens of input and output; None where the provider does not say."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


ChatScript = Callable[[Json], ChatReply]
"""Takes the body of a request; may be called from several threads."""


class ChatServer:
    """Answers `POST …/chat/completions` by a script: `with ChatServer(script) as server: … server.url`."""

    def __init__(self, script: ChatScript) -> None:
        self.bodies: list[Json] = []
        """The requests that came."""
        self._lock = Lock()
        self._server = _Listening(("127.0.0.1", 0), _Answering)
        self._server.answer = self._answer
        self._script = script
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """The base address, as clients want it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, body: Json) -> ChatReply:
        with self._lock:
            self.bodies.append(body)
        return self._script(body)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    answer: ChatScript

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients are killed in the middle, as they should be."""


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listening  # pyright: ignore[reportIncompatibleVariableOverride] - it is made by no other

    def do_POST(self) -> None:
        body: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.server.answer(body)
        if reply.status != 200:  # noqa: PLR2004
            self._send(reply, "application/json", json.dumps({"error": {"message": f"status {reply.status}"}}))
        elif body.get("stream"):
            pieces = "".join(f"data: {json.dumps(each)}\n\n" for each in _pieces(body, reply))
            self._send(reply, "text/event-stream", f"{pieces}data: [DONE]\n\n")
        else:
            self._send(reply, "application/json", json.dumps(_whole(body, reply)))

    def _send(self, reply: ChatReply, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(reply.status)
        own = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
        for name, value in {**reply.headers, **own}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _whole(body: Json, reply: ChatReply) -> Json:
    message: dict[str, Json] = {"role": "assistant", "content": reply.text or None}
    if reply.uses:
        message["tool_calls"] = [_call(use, json.dumps(dict(use.arguments))) for use in reply.uses]
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
    return {**_head(body, "chat.completion"), "choices": [choice], **_usage(reply)}


def _pieces(body: Json, reply: ChatReply) -> Iterator[Json]:
    head = _head(body, "chat.completion.chunk")

    def piece(delta: Json, finish: str | None = None) -> Json:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield piece({"role": "assistant", "content": ""})
    for text in _cut(reply.text):
        yield piece({"content": text})
    for index, use in enumerate(reply.uses):
        yield piece({"tool_calls": [{"index": index, **_call(use, "")}]})
        for text in _cut(json.dumps(dict(use.arguments))):
            yield piece({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
    yield piece({}, _finish(reply))
    options: Json = body.get("stream_options") or {}
    if options.get("include_usage"):
        yield {**head, "choices": [], **_usage(reply)}


def _head(body: Json, kind: str) -> dict[str, Json]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": body["model"]}


def _call(use: ChatUse, arguments: str) -> dict[str, Json]:
    return {"id": use.id, "type": "function", "function": {"name": use.tool, "arguments": arguments}}


def _finish(reply: ChatReply) -> str:
    return "tool_calls" if reply.uses else "stop"


def _usage(reply: ChatReply) -> dict[str, Json]:
    if reply.usage is None:
        return {}
    given, said = reply.usage
    return {"usage": {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}}


def _cut(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
