"""What a memory is asked, and what it answers."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class Get:
    """Look a key up; gives Remembered."""

    key: str
    op: Literal["get"] = "get"


@dataclass(frozen=True, slots=True)
class Put:
    """Store a value; gives Remembered, or Conflict where the version is not `expect` (0: must not exist)."""

    key: str
    value: Json
    expect: int | None = None
    op: Literal["put"] = "put"


@dataclass(frozen=True, slots=True)
class Delete:
    """Forget a key; gives Forgotten."""

    key: str
    op: Literal["delete"] = "delete"


@dataclass(frozen=True, slots=True)
class Keys:
    """List the keys that start with `prefix`; gives KeyList."""

    prefix: str = ""
    op: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True)
class Search:
    """Find the values whose text fits the words of `query`; gives Hits."""

    query: str
    limit: int = 10
    op: Literal["search"] = "search"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A key with its value; version 0 says that nothing is stored there."""

    key: str
    value: Json
    version: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was stored, because the version was not the expected one; `current` is what was found there."""

    current: Remembered


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The key is gone; `existed` tells whether it was there."""

    key: str
    existed: bool


@dataclass(frozen=True, slots=True)
class KeyList:
    """The keys, sorted."""

    keys: list[str]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best first."""

    hits: list[Remembered]


Request = Annotated[Get | Put | Delete | Keys | Search, Field(discriminator="op")]
MemoryReply = Remembered | Conflict | Forgotten | KeyList | Hits
