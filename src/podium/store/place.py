"""Where a process runs, and whether one that runs there still does: a process number means something in one place."""

import os
import socket
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@cache
def place() -> str:
    """Return the host's name, and what tells its boots and the containers on it apart.

    Two containers may have one host name, and each a process 1: they are told apart by the namespace of their process
    numbers. Where the system has such and does not name it, each process is in a place of its own.
    """
    host = socket.gethostname()
    if not Path("/proc/self").exists():
        return host
    try:
        return f"{host}/{_BOOT.read_text(encoding='ascii').strip()}/{_NAMESPACE.readlink()}"
    except OSError:
        return f"{host}/{os.urandom(8).hex()}"


def host_of(place: str) -> str:
    """Return the name of the host that a place is on."""
    return place.partition("/")[0]


def is_gone(where: str, pid: int, born: str) -> bool:
    """Whether a process is known to have ended; of one in another place nothing is known."""
    return where == place() and process_birth(pid) != born


def process_birth(pid: int) -> str:
    """Return when a process of this place was started, as the system counts it; empty where it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _alive(pid) if not Path("/proc/self").exists() else ""
    except OSError:
        return "?"
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _alive(pid: int) -> str:
    """Where there is no /proc: `alive` if some process has the number, or if that cannot be asked, else empty."""
    if os.name == "nt":  # there os.kill ends the process
        return "alive"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
