"""A server over real sockets that answers each model as its behaviour says, byte by byte, however wrong that is."""

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class End:
    """The connection ends here: in order, or torn off."""

    torn: bool = False


Piece = bytes | float | End
"""Bytes that are sent, seconds for which nothing is, or the end."""

Answer = Callable[[Json], Sequence[Piece]]
"""What is sent for a request."""

ONCE = "once"
"""The part of a model's name which says that it misbehaves at first only."""


def model_name(behaviour: str, who: str, *, once: bool = False) -> str:
    """Return the name of a model that behaves so, and is asked by nobody else."""
    return f"{behaviour}~{who}~{ONCE if once else 'always'}"


class Server(ThreadingTCPServer):
    """Waits for requests on loopback."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, behaviours: Mapping[str, Answer], good: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours = dict(behaviours)
        self.good = good
        self.seen = Counter[str]()
        """The requests that came, by model."""
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer_to(self, asked: Json) -> Sequence[Piece]:
        """Count a request, and return what is sent for it."""
        model: str = asked["model"]
        behaviour, _, rest = model.partition("~")
        with self.lock:
            before = self.seen[model]
            self.seen[model] += 1
        well = before and rest.endswith(ONCE)
        return (self.good if well else self.behaviours[behaviour])(asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients go away in the middle, as they should."""


class _Handler(StreamRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is made by no other

    def handle(self) -> None:
        with suppress(OSError):
            while (asked := self._asked()) is not None:
                for piece in self.server.answer_to(asked):
                    if isinstance(piece, End):
                        return self._end(piece)
                    if isinstance(piece, bytes):
                        self.wfile.write(piece)
                    else:
                        self.server.over.wait(piece)
        return None

    def _asked(self) -> Json:
        """Return the next request, with the model that a redirect names where it has no body; None at the end."""
        line = self.rfile.readline(65_537)
        if not line.strip():
            return None
        length = 0
        while (header := self.rfile.readline(65_537)).strip():
            name, _, value = header.decode("latin-1").partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = self.rfile.read(length)
        return json.loads(body) if body else {"model": urlsplit(line.split()[1].decode()).query, "messages": []}

    def _end(self, how: End) -> None:
        if how.torn:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def rude(behaviours: Mapping[str, Answer], good: Answer) -> Generator[Server]:
    """Serve on loopback."""
    server = Server(behaviours, good)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
