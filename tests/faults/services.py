"""A service in a process of its own, behind real HTTP, that can be killed and started again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

_SERVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()
    def do_GET(self):
        self.answer()
    def answer(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'"from the service"')
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""


class Service:
    """The process, known by a file with its id, so that whoever starts it need not be its only parent."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._file = folder / "service"
        self.program = sys.executable
        self.port = _free_port() if port is None else port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it answers; nothing happens where it runs."""
        if self.answers():
            return
        process = subprocess.Popen(
            [self.program, "-c", _SERVER, str(self.port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        self._file.write_text(str(process.pid))
        process.returncode = 0  # it is ended by its id, perhaps by another process

    def kill(self) -> None:
        """End it as a power cut would; nothing happens where it does not run."""
        if not self._file.exists():
            return
        pid = int(self._file.read_text())
        self._file.unlink()
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # somebody else's child
            os.waitpid(pid, 0)

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=2.0, trust_env=False).is_success
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
