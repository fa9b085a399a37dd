"""What stands between a process and a PostgreSQL server, and loses connections, or what is sent over them."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from random import Random

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Hands bytes on between clients and a server, from a socket in a folder to one in another."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End, and with it all connections."""
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server / SOCKET))
                self._sockets += [client, server]
                thread = threading.Thread(target=self._between, args=(client, server), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _between(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            ways = [
                threading.Thread(target=self._hand_on, args=way, daemon=True)
                for way in ((client, server), (server, client))
            ]
            for each in ways:
                each.start()
            for each in ways:
                each.join()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            self._bytes(one, other)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _bytes(self, one: socket.socket, other: socket.socket) -> None:
        raise NotImplementedError


class CuttingProxy(Proxy):
    """Cuts connections after a random number of bytes."""

    def __init__(self, server: Path, folder: Path, chance: Random) -> None:
        self._chance = chance
        self.cut = 0
        super().__init__(server, folder)

    def _bytes(self, one: socket.socket, other: socket.socket) -> None:
        left = self._chance.randrange(4_000, 20_000)
        while data := one.recv(min(left, 4_096)):
            other.sendall(data)
            left -= len(data)
            if not left:
                self.cut += 1
                break


class LosingProxy(Proxy):
    """Loses what is sent while it is told to, and all that is sent later over the same connections; closes none."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.loses = False
        super().__init__(server, folder)

    def _bytes(self, one: socket.socket, other: socket.socket) -> None:
        lost = False
        while data := one.recv(65_536):
            lost = lost or self.loses
            if not lost:
                other.sendall(data)
