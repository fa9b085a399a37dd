"""Waits for the end of a program, and tells what it took of the machine."""

import asyncio
import os
import select
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podium.model.outcome import Usage

_FIRST_LOOK, _LAST_LOOK = 5, 250
"""Milliseconds until the memory of a program is first looked at, and between two looks at one that lasts."""
_KIB_PER_GIB = 2**20


@dataclass(frozen=True, slots=True)
class Reaped:
    """A program that has ended."""

    status: int
    """The exit status, or minus the number of the signal that ended it."""
    usage: Usage


def reap(popen: "subprocess.Popen[bytes]", exited: Callable[[Reaped], None], *, watch_memory: bool) -> None:
    """Have `exited` called in the running loop when the program has ended; a thread waits for that.

    Its processor time is that of the program and of all that it waited for. Its memory is the most that the program
    itself held, where that is wanted and the system tells it (Linux); what the kernel reports of an ended program is
    no less than the memory of whoever started it.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()

    def wait() -> None:
        peak = _highest(popen.pid) if watch_memory else 0
        reaped = _reaped(popen, peak * (loop.time() - begun) / _KIB_PER_GIB)
        with suppress(RuntimeError):  # the loop was closed meanwhile: no task waits any more
            loop.call_soon_threadsafe(exited, reaped)

    threading.Thread(target=wait, name="podium-program", daemon=True).start()


def _reaped(popen: "subprocess.Popen[bytes]", gb_seconds: float) -> Reaped:
    try:
        _, status, used = os.wait4(popen.pid, 0)
    except ChildProcessError:  # another part of this process waited for it
        popen.returncode = 255
        return Reaped(255, Usage(gb_seconds=gb_seconds))
    popen.returncode = os.waitstatus_to_exitcode(status)
    return Reaped(popen.returncode, Usage(cpu_seconds=used.ru_utime + used.ru_stime, gb_seconds=gb_seconds))


def _highest(pid: int) -> int:
    """Return the most memory that a program held, in KiB, once it has ended; 0 where the system does not say."""
    try:
        watch = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return 0
    try:
        return _watched(pid, watch)
    finally:
        os.close(watch)


def _watched(pid: int, watch: int) -> int:
    end = select.poll()
    end.register(watch, select.POLLIN)
    highest, pause = _high_water(pid), _FIRST_LOOK
    while not end.poll(pause):
        highest, pause = max(highest, _high_water(pid)), min(2 * pause, _LAST_LOOK)
    return highest


def _high_water(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1])
    return 0
