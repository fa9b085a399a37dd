"""A line between one process and a PostgreSQL server that can be cut: nothing comes through, and nobody is told."""

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.proxies import LosingProxy
from tests.postgres import SUPERUSER, postgres_server

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Line:
    """A server with a store, and how a process comes to it over the line."""

    here: str
    """The address of the store for who is beside the server."""
    there: str
    """The same for who is at the other end."""
    before: Sequence[str]
    """What begins the command of a process that is to be at the other end."""
    cut: Callable[[], object]
    mend: Callable[[], object]


@contextmanager
def line_through_proxy() -> Generator[Line]:
    """Give a line through a proxy, which loses what is sent while the line is cut, and closes no connection."""
    with postgres_server() as server, TemporaryDirectory(prefix="podium-line-") as folder:
        here, proxy = server.address(), LosingProxy(server.folder, Path(folder))
        try:
            yield Line(
                here, here.replace(f"host={server.folder}", f"host={folder}"), (),
                lambda: setattr(proxy, "loses", True), lambda: setattr(proxy, "loses", False),
            )  # fmt: skip
        finally:
            proxy.close()


@contextmanager
def line_through_network() -> Generator[Line]:
    """Give a line through a network of its own, whose wire is pulled where the line is cut."""
    with _network() as (name, wire, host), postgres_server(host=host) as server:
        there = f"postgresql://{SUPERUSER}@{host}/postgres?schema=cut"
        yield Line(
            server.address("cut"), there, ("ip", "netns", "exec", name), lambda: _ip("link", "set", wire, "down"),
            lambda: _ip("link", "set", wire, "up"),
        )  # fmt: skip


def has_networks() -> bool:
    """Whether networks can be made here."""
    if shutil.which("ip") is None:
        return False
    try:
        with _network() as (name, _, _):
            _ip("netns", "exec", name, "true")
    except subprocess.CalledProcessError:
        return False
    return True


@contextmanager
def _network() -> Generator[tuple[str, str, str]]:
    """Make a network namespace with a wire to it; give its name, this end of the wire, and the address there."""
    number = next(_NUMBERS)  # a wire is gone only some time after the one that had its name
    name, here, there = (f"pd{os.getpid()}{end}{number}" for end in ("n", "a", "b"))
    net = f"198.{random.randrange(18, 20)}.{random.randrange(256)}"  # set aside for tests by RFC 2544
    _ip("netns", "add", name)
    try:
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("addr", "add", f"{net}.1/30", "dev", here)
        _ip("link", "set", here, "up")
        _ip("-n", name, "addr", "add", f"{net}.2/30", "dev", there)
        _ip("-n", name, "link", "set", there, "up")
        yield name, here, f"{net}.1"
    finally:
        _ip("netns", "del", name)  # and the wire with it


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
