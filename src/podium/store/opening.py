"""Which store an address stands for: a path, `sqlite:///desk.db`, `:memory:`, `postgresql://…`, a scheme registered."""

import re
from collections.abc import Callable
from pathlib import Path

from podium.errors import ConfigError
from podium.secrets.literals import learn
from podium.store.protocol import Store
from podium.store.sqlite.connection import Durability
from podium.store.sqlite.store import SqliteStore

MEMORY = ":memory:"
"""The address of a store that keeps nothing."""
_PASSWORD = re.compile(r"\A([^:@/]*):(?:[^@/]*@(?:[^?]*@)?|[^?]*@)")
"""What stands before a host: PostgreSQL takes `#`, `?` and `[` in it as they are. With `/` or `@` it is a mistake."""
_SECRET_OPTION = re.compile(r"([^&=]*(?:password|secret)[^&=]*)=[^&]*(?:&[^&=]*(?=&|$))*", re.IGNORECASE)
_SQLITE = "sqlite"
_POSTGRES = "postgresql"

Opener = Callable[[str, Durability], Store]
"""Opens the store of an address, for what a recorded step is to survive; raises StoreError with what to do."""


def _sqlite(address: str, durability: Durability) -> Store:
    return SqliteStore(sqlite_path(address) or MEMORY, durability=durability)


def _postgres(address: str, _: Durability, *, make: bool = True) -> Store:
    """Open one that survives what its server does: unless that was changed, a loss of power too."""
    try:
        from podium.store.postgres.address import passwords  # loads psycopg
        from podium.store.postgres.store import PostgresStore
    except ImportError as error:
        raise ConfigError(
            'a store on PostgreSQL needs psycopg, which is an extra: pip install "podium[postgres]"'
        ) from error
    for password in passwords(address):
        learn(password, "the address of the store")
    return PostgresStore(address, make=make)


OPENERS: dict[str, Opener] = {_SQLITE: _sqlite, _POSTGRES: _postgres}
"""What opens the stores of a scheme."""


def register_store(scheme: str, opener: Opener) -> None:
    """Have addresses that begin with `SCHEME://` opened by this function from now on."""
    OPENERS[scheme] = opener


def open_store(address: str, *, durability: Durability = "process") -> Store:
    """Open the store of an address; raises ConfigError where nobody knows its scheme."""
    scheme = _scheme(address)
    opener = OPENERS.get(scheme)
    if opener is None:
        known = ", ".join(f"{each}://" for each in sorted(OPENERS))
        raise ConfigError(f"no store is known for {scheme}:// in {shown(address)!r}. Known: {known}; or name a file.")
    return opener(address, durability)


def open_existing(address: str) -> Store:
    """Do as `open_store`, but make none on a server; raises StoreUnavailable where there is none there."""
    return _postgres(address, "process", make=False) if _scheme(address) == _POSTGRES else open_store(address)


def shown(address: str) -> str:
    """Return an address as people may see it: without the passwords, also where it is not written as it should be."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place, question, query = _PASSWORD.sub(r"\1:***@", rest, count=1).partition("?")
    return f"{scheme}://{place}{question}" + _SECRET_OPTION.sub(r"\1=***", query)


def sqlite_path(address: str) -> str | None:
    """Return the path of the file of an SQLite store; None for one in memory, or of another scheme.

    `sqlite:///desk.db` is a file of the working folder, `sqlite:////srv/desk.db` one of the root.
    """
    if _scheme(address) != _SQLITE:
        return None
    path = address.removeprefix(f"{_SQLITE}://")
    if path != address and path and not path.startswith("/"):
        raise ConfigError(f"{address!r} names a host. SQLite stores are files, such as sqlite:///desk.db.")
    path = path if path == address else path[1:]
    return None if path in {"", MEMORY} else path


def is_memory(address: str) -> bool:
    """Whether an address stands for an SQLite store that keeps nothing."""
    return _scheme(address) == _SQLITE and sqlite_path(address) is None


def sqlite_file(address: str) -> Path | None:
    """Return the file of an SQLite store; None where the address stands for none."""
    path = sqlite_path(address)
    return None if path is None else Path(path)


def _scheme(address: str) -> str:
    scheme, separator, _ = address.partition("://")
    return scheme if separator else _SQLITE
