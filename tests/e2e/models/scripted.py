"""A server that speaks OpenAI's protocol over real HTTP, and answers as a script for each model says."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.providers.openai import OpenAIProvider

from podium.model.json import Json

USAGE: Json = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


@dataclass(frozen=True, slots=True)
class Use:
    """A call of a tool in an answer."""

    tool: str
    arguments: Json
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server answers."""

    text: str | None = None
    thinking: str = ""
    """What a streamed answer thinks first."""
    uses: Sequence[Use] = ()
    finish: str | None = ""
    """The reason why the answer ends; as it is for a whole answer unless given."""
    usage: Json = field(default_factory=lambda: USAGE)
    refusal: str | None = None
    status: int = 200
    body: str | None = None
    """Sent instead of an answer."""


Script = Callable[[Json, int], Reply]
"""Answers a request, and how many of this model came before."""


def results(asked: Json) -> list[str]:
    """Return what the tools gave that the model is told of."""
    return [each["content"] for each in asked["messages"] if each["role"] == "tool"]


class Server(ThreadingHTTPServer):
    """Waits for requests on loopback."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = dict(scripts)
        self.seen = Counter[str]()
        self.asked: list[Json] = []
        self.held: tuple[str, int] | None = None
        """The model, and which of its requests, that gets no answer."""
        self.holding = threading.Event()
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def model(self, name: str, profile: ModelProfile | None = None) -> OpenAIChatModel:
        """Return a model that is asked here."""
        return OpenAIChatModel(name, provider=OpenAIProvider(base_url=self.url, api_key="none"), profile=profile)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is made by no other

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = asked["model"]
        with self.server.lock:
            before = self.server.seen[model]
            self.server.seen[model] += 1
            self.server.asked.append(asked)
        if self.server.held == (model, before):
            self.server.held = None
            self.server.holding.set()
            self.server.over.wait(180)
            self.close_connection = True
            return
        reply = self.server.scripts[model](asked, before)
        streams = asked.get("stream", False) and reply.status == 200 and reply.body is None
        told = reply.body if reply.body is not None else None if streams else json.dumps(_answer(model, reply))
        body = _events(model, reply) if told is None else told
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.send_header("Connection", "close")  # clients are made for each test, and leave nothing open
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def serving(scripts: Mapping[str, Script]) -> Generator[Server]:
    """Serve on loopback."""
    server = Server(scripts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _finish(reply: Reply) -> str | None:
    return ("tool_calls" if reply.uses else "stop") if reply.finish == "" else reply.finish


def _uses(reply: Reply) -> list[Json]:
    return [
        {
            "index": n,
            "id": use.id or f"c{n}",
            "type": "function",
            "function": {"name": use.tool, "arguments": _text(use)},
        }
        for n, use in enumerate(reply.uses)
    ]


def _pieces(use: Json) -> list[Json]:
    """Return a tool call as a stream has it: its name first, then its arguments in two pieces."""
    text = use["function"]["arguments"]
    half = len(text) // 2
    begun = {**use, "function": {"name": use["function"]["name"], "arguments": ""}}
    added = [{"index": use["index"], "function": {"arguments": each}} for each in (text[:half], text[half:])]
    return [begun, *added]


def _text(use: Use) -> str:
    return use.arguments if isinstance(use.arguments, str) else json.dumps(use.arguments)


def _answer(model: str, reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text}
    if reply.uses:
        message["tool_calls"] = _uses(reply)
    if reply.refusal is not None:
        message["refusal"] = reply.refusal
    choice = {"index": 0, "finish_reason": _finish(reply), "message": message}
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return told if reply.usage is None else {**told, "usage": reply.usage}


def _events(model: str, reply: Reply) -> str:
    told: Json = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": model}
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": word} for word in reply.thinking.partition(" ") if word]
    deltas += [{"content": word} for word in (reply.text or "").partition(" ") if word]
    deltas += [{"tool_calls": [part]} for each in _uses(reply) for part in _pieces(each)]
    deltas += [{"refusal": word} for word in (reply.refusal or "").partition(" ") if word]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if (finish := _finish(reply)) is not None:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    chunks: list[Json] = [{**told, "choices": [choice]} for choice in choices]
    if reply.usage is not None:
        chunks.append({**told, "choices": [], "usage": reply.usage})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
