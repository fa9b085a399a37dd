"""`podium serve` as a process that is killed and begins again on the same port, and a receiver of webhooks."""

import json
import re
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.cli import PATIENCE, environment, kill, until
from tests.forking import commands
from tests.forking.process import Process

_TOKEN = re.compile(r"Bearer (\S+)'")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Served:
    """A server, which is another process after each kill."""

    def __init__(self, folder: Path, *arguments: str, store: str = "desk.db", **more: str) -> None:
        self._folder = folder
        self._env = {**environment(), **more, "PODIUM_STORE": store}
        self.port = free_port()
        self._command = ["podium", "serve", *arguments, "--port", str(self.port)]
        self._process: Process | None = None
        self._token = ""
        self.begun = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Start it, and return once it says that it serves."""
        self._process = commands.begin(self._command, cwd=self._folder, env=self._env, merged=True)
        said = ""
        while (found := _TOKEN.search(said)) is None:
            line = self._process.stdout.readline()
            assert line, f"it does not serve: {said}"
            said += line
        with self._lock:
            self._token = found[1]
            self.begun += 1

    @property
    def pid(self) -> int:
        """The id of the process that serves now."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            kill(self._process)

    def stop(self) -> None:
        """End it as whoever operates it would, and wait until it has ended."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(PATIENCE)

    def once(self, method: str, path: str, **said: Any) -> httpx.Response | None:
        """Ask it once; None where it did not answer, or knows no more who asks."""
        with self._lock:
            headers = {"authorization": f"Bearer {self._token}", **said.pop("headers", {})}
        try:
            answer = httpx.request(
                method, f"http://127.0.0.1:{self.port}/api/v1{path}", headers=headers, timeout=PATIENCE, **said
            )
        except httpx.TransportError:
            return None
        return None if answer.status_code in (401, 429, 503) else answer

    def ask(self, method: str, path: str, **said: Any) -> Any:
        """Ask it until it answers, whoever that is then, with the same request."""
        found: list[httpx.Response] = []

        def answered() -> bool:
            answer = self.once(method, path, **dict(said))
            found.extend([] if answer is None else [answer])
            return bool(found)

        until(answered)
        assert found[0].is_success, found[0].text
        return found[0].json() if found[0].content else None

    def all(self, path: str) -> list[Any]:
        """Return all items of a list."""
        items: list[Any] = []
        page: dict[str, Any] = {"cursor": ""}
        while page["cursor"] is not None:
            cursor = f"&cursor={page['cursor']}" if page["cursor"] else ""
            page = self.ask("GET", f"{path}{cursor}")
            items += page["items"]
        return items


class HookReceiver:
    """Takes webhooks that come whole, and keeps what came under which id."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # whoever sent it was killed on the way: it comes again
                    self.close_connection = True
                    return
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    @contextmanager
    def serving(self) -> Generator[None]:
        """Serve while the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def ids(self) -> dict[tuple[str, str], set[str]]:
        """Return under which ids it came what of which run."""
        found: dict[tuple[str, str], set[str]] = {}
        for headers, body in list(self.came):
            said = json.loads(body)
            found.setdefault((said["data"]["run"], said["type"]), set()).add(headers["webhook-id"])
        return found
