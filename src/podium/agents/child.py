"""A child process with its own process group: fed, read within bounds, and always reaped."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podium.agents.reaping import Reaped, reap
from podium.model.outcome import Usage
from podium.secrets.reference import filled, mask_literals

_GRACE = 2.0
"""Seconds between asking a program to end and ending it, and that its closed-down output may still take to arrive."""
_LAST_WORDS = 8192
"""Bytes of standard error that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnd:
    """How a program ended."""

    status: int
    """The exit status, or minus the number of the signal that ended it."""
    output: bytes
    too_much: bool
    """It was ended because it wrote more than it may."""
    last_words: bytes
    """The end of its standard error."""
    usage: Usage
    """What it took of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProcess:
    """A program that can be run any number of times."""

    command: tuple[str, ...]
    cwd: Path | None
    env: Mapping[str, str]
    """Added to the environment of this process; a value may be a reference to a secret."""
    max_output: int
    """Bytes of standard output that are taken."""

    def __post_init__(self) -> None:
        mask_literals(self.env)

    async def run(self, input: bytes, env: Mapping[str, str], *, watch_memory: bool = False) -> ProcessEnd:
        """Run the program on `input` and return how it ended; cancelled, end the program first.

        Raises OSError where it cannot be started.
        """
        program = _Program(
            subprocess.Popen(  # noqa: ASYNC220, S603  asyncio's own is the same, but does not tell what was used; no shell
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.cwd,
                env={**os.environ, **filled(self.env), **env}, start_new_session=True,
            ),
            self.max_output,
        )  # fmt: skip
        try:
            reap(program.popen, program.exited, watch_memory=watch_memory)
            await program.feed(input)
            await program.reaped
        except asyncio.CancelledError:
            await program.end()
            raise
        finally:
            # What the program left running in its group would hold its pipes open, and would never end.
            program.kill()
            await program.close()
        return program.ended()


class _Pipe(asyncio.Protocol):
    """Hands on what comes out of one of the program's pipes."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class _Program:
    """A program that was started; takes what it writes."""

    def __init__(self, popen: "subprocess.Popen[bytes]", max_output: int) -> None:
        self.popen = popen
        self._ends = [end for end in (popen.stdin, popen.stdout, popen.stderr) if end is not None]
        self.reaped: asyncio.Future[Reaped] = asyncio.get_running_loop().create_future()
        self._room = max_output
        self._chunks: list[bytes] = []
        self._last_words = b""
        self._too_much = False
        self._pipes = (_Pipe(self._take_output), _Pipe(self._take_words))
        self._transports: list[asyncio.BaseTransport] = []

    def exited(self, reaped: Reaped) -> None:
        """Take note that it has ended."""
        if not self.reaped.done():
            self.reaped.set_result(reaped)

    def _take_output(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room >= 0:
            self._chunks.append(data)
        elif not self._too_much:
            self._too_much = True
            self._chunks.clear()
            self.kill()

    def _take_words(self, data: bytes) -> None:
        self._last_words = (self._last_words + data)[-_LAST_WORDS:]

    async def feed(self, input: bytes) -> None:
        """Read its pipes from now on, and write its whole input; a program that does not read it is no error."""
        loop, (stdin, *outputs) = asyncio.get_running_loop(), self._ends
        for pipe, end in zip(self._pipes, outputs, strict=True):
            transport, _ = await loop.connect_read_pipe(lambda pipe=pipe: pipe, end)
            self._transports.append(transport)
        writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stdin)
        self._transports.append(writer)
        writer.write(input)
        writer.write_eof()

    def kill(self, number: int | None = None) -> None:
        """Send a signal to the whole process group; by itself that which ends it at once."""
        number = signal.SIGKILL if number is None else number
        with suppress(ProcessLookupError, PermissionError):  # no process is left in it
            os.killpg(self.popen.pid, number)

    async def end(self) -> None:
        """Ask the program to end, and wait a moment for it."""
        self.kill(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await asyncio.shield(self.reaped)

    async def close(self) -> None:
        """Take the rest of the output; a daemon that left the group and keeps the pipes open is not waited for."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    for pipe in self._pipes[: len(self._transports)]:
                        await pipe.closed.wait()
        finally:
            for transport in self._transports:
                transport.close()
            for end in self._ends:
                end.close()

    def ended(self) -> ProcessEnd:
        """Say how it ended."""
        reaped = self.reaped.result()
        return ProcessEnd(
            status=reaped.status,
            output=b"".join(self._chunks),
            too_much=self._too_much,
            last_words=self._last_words,
            usage=reaped.usage,
        )
