"""A child process with its own process group: fed, read within bounds, and always reaped."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from podium.secrets.reference import filled

_GRACE = 2.0
"""Seconds between asking a program to end and ending it, and that its closed-down output may still take to arrive."""
_LAST_WORDS = 8192
"""Bytes of standard error that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    status: int
    """The exit status, or minus the number of the signal that ended it."""
    output: bytes
    too_much: bool
    """It was ended because it wrote more than it may."""
    last_words: bytes
    """The end of its standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A program that can be run any number of times."""

    command: tuple[str, ...]
    cwd: Path | None
    env: Mapping[str, str]
    """Added to the environment of this process; a value may be a reference to a secret."""
    max_output: int
    """Bytes of standard output that are taken."""

    async def run(self, input: bytes, env: Mapping[str, str]) -> Ended:
        """Run the program on `input` and return how it ended; cancelled, end the program first.

        Raises OSError where it cannot be started.
        """
        protocol = _Output(self.max_output)
        await asyncio.get_running_loop().subprocess_exec(
            lambda: protocol,
            *self.command,
            cwd=self.cwd,
            env={**os.environ, **filled(self.env), **env},
            start_new_session=True,
        )
        try:
            protocol.feed(input)
            await protocol.exited.wait()
        except asyncio.CancelledError:
            await protocol.end()
            raise
        finally:
            # What the program left running in its group would hold its pipes open, and nobody else would end it.
            protocol.kill()
            await protocol.close()
        return protocol.ended()


class _Output(asyncio.SubprocessProtocol):
    """Takes what the program writes.

    Not `asyncio.create_subprocess_exec`: its `wait` returns only when all pipes are closed, so a grandchild that keeps
    one open would hang the call.
    """

    def __init__(self, max_output: int) -> None:
        self._room = max_output
        self._chunks: list[bytes] = []
        self._last_words = b""
        self._too_much = False
        self._closed = asyncio.Event()
        self.exited = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != 1:
            self._last_words = (self._last_words + data)[-_LAST_WORDS:]
            return
        self._room -= len(data)
        if self._room >= 0:
            self._chunks.append(data)
        elif not self._too_much:
            self._too_much = True
            self._chunks.clear()
            self.kill()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def feed(self, input: bytes) -> None:
        """Write the program's whole input; a program that does not read it is no error."""
        stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        stdin.write(input)
        stdin.write_eof()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the whole process group."""
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(self._transport.get_pid(), number)

    async def end(self) -> None:
        """Ask the program to end, and wait a moment for it."""
        self.kill(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self.exited.wait()

    async def close(self) -> None:
        """Take the rest of the output; a daemon that left the group and keeps the pipes open is not waited for."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self._closed.wait()
        finally:
            self._transport.close()

    def ended(self) -> Ended:
        """Say how it ended."""
        return Ended(
            status=self._transport.get_returncode() or 0,
            output=b"".join(self._chunks),
            too_much=self._too_much,
            last_words=self._last_words,
        )
