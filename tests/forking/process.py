"""A process that a zygote forked, in the hands of whoever asked for it; used as a `subprocess.Popen` is."""

import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

from tests.forking.start import Start


class Process:
    """A real process with its own id, folder, environment and files; its parent is the zygote."""

    def __init__(self, address: str, start: Start, stdin: int, *, merged: bool) -> None:
        self.args = start.command
        self.returncode: int | None = None
        self._said = b""
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(address)
        out, to_out = os.pipe()
        err, to_err = (None, os.dup(to_out)) if merged else os.pipe()
        self.stdout: TextIO = os.fdopen(out, encoding="utf-8")
        self.stderr: TextIO | None = None if err is None else os.fdopen(err, encoding="utf-8")
        socket.send_fds(self._connection, [b"x"], [stdin, to_out, to_err])
        self._connection.sendall(start.to_json().encode() + b"\n")
        os.close(to_out)
        os.close(to_err)
        self.pid = self._number(None)

    def poll(self) -> int | None:
        """Return the exit status, negative where a signal ended it; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            try:
                status = self._number(timeout)
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self.returncode = os.waitstatus_to_exitcode(status)
            self._connection.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read all that it says, and wait for its end; it is killed where that does not come in time."""
        streams = self._streams()
        with ThreadPoolExecutor(len(streams)) as readers:
            reading = [readers.submit(stream.read) for stream in streams]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            finally:
                said = [each.result() for each in reading]
                for stream in streams:
                    stream.close()
        return said[0], "".join(said[1:])

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def abandon(self) -> None:
        """Let the zygote kill it, and hear no more of it."""
        self._connection.close()
        for stream in self._streams():
            stream.close()

    def _streams(self) -> list[TextIO]:
        return [self.stdout] if self.stderr is None else [self.stdout, self.stderr]

    def _number(self, timeout: float | None) -> int:
        """Return the next number that the zygote tells."""
        self._connection.settimeout(timeout)
        while b"\n" not in self._said:
            told = self._connection.recv(64)
            if not told:
                raise ConnectionError(f"the zygote died while it had {self.args}")
            self._said += told
        line, _, self._said = self._said.partition(b"\n")
        return int(line)
