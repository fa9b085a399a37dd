"""A server that speaks OpenAI's protocol over real HTTP, and misbehaves as a model's name tells it to."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from podium.model.json import Json
from tests.e2e.models.table import CASES, RETRY_AFTER, Fault

FAULTS = {case.name: case.faults for case in CASES}
GOOD: Json = {"town": "Berlin"}
WRONG: Json = {"country": "Germany"}


class Seen:
    """The requests that came, by model."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._lock = threading.Lock()

    def one(self, model: str) -> int:
        """Count one more; returns how many came before."""
        with self._lock:
            self._counts[model] += 1
            return self._counts[model] - 1

    def of(self, model: str) -> int:
        """Return how many came."""
        return self._counts[model]


class Server(ThreadingHTTPServer):
    """Waits for requests on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = Seen()
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is made by no other

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model, streams = asked["model"], asked.get("stream", False)
        before, faults = self.server.seen.one(model), FAULTS[model]
        fault = faults[before] if before < len(faults) else None
        body = _stream(model) if streams else json.dumps(_answer(model, fault)).encode()
        match fault:
            case Fault.RATE:
                self._send(429, _error("slow down"), {"Retry-After": str(RETRY_AFTER)})
            case Fault.BROKEN:
                self._send(500, _error("it broke"))
            case Fault.SLOW | Fault.GONE:
                self.server.over.wait(30 if fault is Fault.SLOW else 0)
                self._end()
            case Fault.CUT:
                self._send(200, body[: len(body) // 2], {"Content-Length": str(len(body))}, streams=streams)
                self._end()
            case Fault.MALFORMED:
                self._send(200, b'{"malformed": json', streams=streams)
            case _:
                self._send(200, body, streams=streams)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, streams: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _end(self) -> None:
        """Break the connection off, as a server does that dies."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def misbehaving() -> Generator[tuple[str, Seen]]:
    """Serve on loopback; gives the base URL and what was seen."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", server.seen
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "server_error"}}).encode()


def _answer(model: str, fault: Fault | None) -> Json:
    arguments = json.dumps(WRONG if fault is Fault.WRONG else GOOD)
    called = {"id": "c1", "type": "function", "function": {"name": "final_result", "arguments": arguments}}
    choice = {
        "index": 0, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": None, "tool_calls": [called]},
    }  # fmt: skip
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage
    }  # fmt: skip


def _stream(model: str) -> bytes:
    """Return an answer in pieces: the arguments of the call that is the answer, three characters at a time."""
    arguments = json.dumps(GOOD)
    opened = {"index": 0, "id": "c1", "type": "function", "function": {"name": "final_result", "arguments": ""}}
    deltas: list[Json] = [{"role": "assistant", "tool_calls": [opened]}]
    for start in range(0, len(arguments), 3):
        piece = {"arguments": arguments[start : start + 3]}
        deltas.append({"tool_calls": [{"index": 0, "function": piece}]})
    lines = [_event(model, delta, None) for delta in deltas]
    return "".join([*lines, _event(model, {}, "tool_calls"), "data: [DONE]\n\n"]).encode()


def _event(model: str, delta: Json, finish: str | None) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    told = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices}
    return f"data: {json.dumps(told)}\n\n"
