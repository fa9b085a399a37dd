"""What a zygote was asked for: how a process begins, its three open files, and whom to tell of it."""

import os
import socket
from dataclasses import dataclass
from typing import Self

from tests.forking.start import Start

LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request."""

    start: Start
    files: tuple[int, ...]
    connection: socket.socket

    @classmethod
    def accepted(cls, listener: socket.socket) -> Self:
        """Take one from somebody who connected."""
        connection, _ = listener.accept()
        _, files, _, _ = socket.recv_fds(connection, 1, 3)
        with connection.makefile(encoding="utf-8") as lines:
            start = Start.from_json(lines.readline())
        return cls(start=start, files=tuple(files), connection=connection)

    @classmethod
    def passed_on(cls, source: socket.socket) -> Self:
        """Take one that another zygote passes on."""
        text, (connection, *files), _, _ = socket.recv_fds(source, LARGEST, 4)
        start = Start.from_json(text.decode())
        return cls(start=start, files=tuple(files), connection=socket.socket(fileno=connection))

    def pass_on(self, to: socket.socket) -> None:
        """Leave it to another zygote."""
        socket.send_fds(to, [self.start.to_json().encode()], [self.connection.fileno(), *self.files])
        self.close_files()
        self.connection.close()

    def close_files(self) -> None:
        for file in self.files:
            os.close(file)
