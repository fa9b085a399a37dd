"""Where a store is moved from, and to: whatever backends there are."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from podium import lazy
from podium.errors import ConfigError
from podium.store.opening import is_memory, shown, sqlite_file
from podium.store.sqlite import moving as in_file
from podium.store.tables.moving import MovedStore

if TYPE_CHECKING:
    from podium.store.postgres import address as of_postgres
    from podium.store.postgres import moving as on_server
else:
    of_postgres, on_server = lazy.module("podium.store.postgres.address"), lazy.module("podium.store.postgres.moving")

_POSTGRES = "postgresql://"


@contextmanager
def moved_from(address: str) -> Generator[MovedStore]:
    """Read all of a store, as it is at one moment."""
    if (file := _file(address)) is not None:
        with in_file.reading(file) as store:
            yield store
        return
    with on_server.reading(of_postgres.parsed(address)) as store:
        yield store


@contextmanager
def moved_to(address: str) -> Generator[MovedStore]:
    """Write all of a store; it is there once the block has ended well, and else nothing is."""
    if (file := _file(address)) is not None:
        with in_file.writing(file) as store:
            yield store
        return
    with on_server.writing(of_postgres.parsed(address)) as store:
        yield store


def place_of(address: str) -> str:
    """Return an address as people are told it, and as a program can use it but for the password."""
    file = _file(address)
    return shown(address) if file is None else str(file.resolve())


def _file(address: str) -> Path | None:
    """Return the file of a store, None for one on PostgreSQL; raises ConfigError for any other."""
    file = sqlite_file(address)
    if file is None and (is_memory(address) or not address.startswith(_POSTGRES)):
        raise ConfigError(f"{shown(address)!r} cannot be moved: expected a file of SQLite, or {_POSTGRES}…")
    return file
