"""What a memory is asked, and what it answers."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from podium.model.duration import Duration, in_seconds, seconds_or_none
from podium.model.expected import NATURAL, WITHOUT_NUL, Expected, or_none
from podium.model.json import Json
from podium.model.memory import AppendTo

_ADDED_TEXT = Expected('a text, as it says to="text"', lambda value: isinstance(value, str))
SearchBy = Literal["words", "meaning", "both"]


@dataclass(frozen=True, slots=True)
class Get:
    """Look a key up; gives Remembered."""

    key: str
    op: Literal["get"] = "get"


@dataclass(frozen=True, slots=True)
class Put:
    """Store a value; gives Remembered, or Conflict where the version is not `expect` (0: must not exist).

    `expect` is a version that was read: it grows with each put, and is never that of another value under the key, also
    where that was deleted or forgotten meanwhile. With a `ttl`, such as `"7d"`, it is forgotten after that time.
    """

    key: str
    value: Json
    expect: int | None = None
    ttl: Duration | None = None
    op: Literal["put"] = "put"

    def __post_init__(self) -> None:
        WITHOUT_NUL.check("key of Put", self.key)
        or_none(NATURAL).check("expect of Put", self.expect)
        object.__setattr__(self, "ttl", seconds_or_none(self.ttl, "ttl of Put"))


@dataclass(frozen=True, slots=True)
class Append:
    """Add an element to a list, or text to a text, or begin one; gives Appended, or Conflict where it is neither."""

    key: str
    value: Json
    to: AppendTo = "list"
    op: Literal["append"] = "append"

    def __post_init__(self) -> None:
        WITHOUT_NUL.check("key of Append", self.key)
        if self.to == "text":
            _ADDED_TEXT.check("value of Append", self.value)


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
    """Find entries; gives Hits.

    `by` is "words", which has those with any word of `query`; "meaning", which has those whose vectors are nearest; or
    "both", which merges these with those that have at least half of the words. None is "both" where the memory has an
    embedder, and else "words".
    """

    query: str
    limit: int = 10
    by: SearchBy | None = None
    op: Literal["search"] = "search"

    def __post_init__(self) -> None:
        NATURAL.check("limit of Search", self.limit)


@dataclass(frozen=True, slots=True)
class Reembed:
    """Embed all entries that have no vector of the memory's embedder; gives Reembedded."""

    op: Literal["reembed"] = "reembed"


@dataclass(frozen=True, slots=True)
class Lock:
    """Take a lock for the time of `lease`; gives Locked, or LockHeld where another call holds it."""

    key: str
    lease: Duration = 30.0
    op: Literal["lock"] = "lock"

    def __post_init__(self) -> None:
        WITHOUT_NUL.check("key of Lock", self.key)
        object.__setattr__(self, "lease", in_seconds(self.lease, "lease of Lock"))


@dataclass(frozen=True, slots=True)
class Unlock:
    """Give a lock back, by the token that Locked had; gives Unlocked."""

    key: str
    token: int
    op: Literal["unlock"] = "unlock"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A key with its value; version 0 says that nothing is stored there."""

    key: str
    value: Json
    version: int
    until: float | None = None
    """The time, in seconds since 1970, from which it is forgotten."""


@dataclass(frozen=True, slots=True)
class Appended:
    """It was added; `length` is how many elements the list has now, or characters the text."""

    key: str
    version: int
    length: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was stored, as the version is not the expected one, or no list or text; `current` is what is there."""

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


@dataclass(frozen=True, slots=True)
class Reembedded:
    """How many entries were embedded."""

    count: int


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock is held by this call until a time, in seconds since 1970.

    `token` grows with each lock of the key: what the lock protects may refuse a smaller one than it has seen.
    """

    key: str
    token: int
    until: float


@dataclass(frozen=True, slots=True)
class LockHeld:
    """Another call holds the lock: `holder` is its run and its place there, `until` when it is free at the latest."""

    key: str
    holder: str
    until: float


@dataclass(frozen=True, slots=True)
class Unlocked:
    """`released` tells whether the lock was held; if not, its lease was over, and others may have had it meanwhile."""

    key: str
    released: bool


Request = Annotated[Get | Put | Append | Delete | Keys | Search | Reembed | Lock | Unlock, Field(discriminator="op")]
MemoryReply = Remembered | Conflict | Appended | Forgotten | KeyList | Hits | Reembedded | Locked | LockHeld | Unlocked
