"""The hash chain of a run's facts, so that tampering shows.

A fact's hash covers its header, the hash before it, and a salted digest of what it carries. What it carries and the
salt can be deleted (redaction) while the digest stays, and the chain still holds. What is left of redacted facts is
held together by a digest in the fact that says that they were redacted.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from podium.model.audit import Remains
from podium.model.fact import FactKind
from podium.store.codec import decode
from podium.store.journaling.quoted import Payloads, quotes

GENESIS = b"\0" * 32
"""The hash before the first fact of a run."""

PLACE_BITS = 24
"""A run has room for 2^24 facts: a fact's place is the run's number, shifted by so much, plus its place in the run."""


def place_within(number: int) -> int:
    """Return a number from outside as a place within a run, or a conversation, or just beyond: never one of another."""
    return max(0, min(number, 1 << PLACE_BITS))


_HEADER = struct.Struct(">QHdQH")


def payload_digest(salt: bytes, body: bytes, payload: bytes | None, blob: bytes | None) -> bytes:
    """Return the digest that stands for what a fact carries. A large payload counts by its content hash."""
    if blob is not None:
        return sha256(b"%b%d:%b\2%b" % (salt, len(body), body, blob)).digest()
    if payload is not None:
        return sha256(b"%b%d:%b\1%b" % (salt, len(body), body, payload)).digest()
    return sha256(b"%b%d:%b\0" % (salt, len(body), body)).digest()


def link(previous: bytes, run: bytes, seq: int, kind: int, key: str, at: float, epoch: int, digest: bytes) -> bytes:
    """Return the hash of a fact that follows `previous`."""
    name = key.encode()
    return sha256(previous + digest + _HEADER.pack(seq, kind, at, epoch, len(name)) + name + run).digest()


ChainRow = tuple[int, int, str, float, int, bytes, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None]
"""seq, kind, key, at, epoch, hash, digest, salt, body, payload, blob."""


def whole_rows(rows: Iterable[ChainRow], stored: Callable[[int], bytes | None]) -> Iterator[ChainRow]:
    """Give rows of one run with their whole payloads; `stored` gives that of any of its facts as it is stored."""
    payloads = Payloads(stored)
    for row in rows:
        yield (*row[:9], payloads.whole(row[0], row[9]), row[10]) if quotes(row[9]) else row


class _Redacted:
    """The facts of a run that carry nothing any more, and up to where a redaction accounts for that."""

    def __init__(self, run: str) -> None:
        self._remains = Remains(run)
        self._places: list[int] = []
        self._filled: list[int] = []
        self._up_to = 0

    def take(self, row: ChainRow) -> None:
        """Look at a fact, in order."""
        seq, kind, salt, body, payload, blob = row[0], row[1], *row[7:]
        if salt is None:
            self._places.append(seq)
            self._remains.add(seq, body if isinstance(body, bytes) else b"")
            if payload is not None or blob is not None:
                self._filled.append(seq)
        elif kind == FactKind.REDACTED and body is not None and _left(body) == self._remains.digest():
            self._up_to = seq

    def faults(self) -> list[tuple[int, str]]:
        """Return the facts that were emptied, changed or filled without a redaction that says so."""
        emptied = [(seq, "its content was taken away or replaced") for seq in self._places if seq >= self._up_to]
        return emptied + [(seq, "content was put into a redacted fact") for seq in self._filled if seq < self._up_to]


def _left(body: bytes) -> object:
    """Return what a redaction says that it left; None where somebody wrote nonsense there."""
    try:
        return decode(body).get("left")
    except (ValueError, TypeError, AttributeError):
        return None


def faults(run: str, rows: Iterable[ChainRow], count: int, head: bytes, *, open_end: bool) -> list[tuple[int, str]]:
    """Return place and description of everything in a run's facts that does not hold together.

    `count` and `head` are what the run's row says. While a run is driven (`open_end`) more facts may follow those.
    """
    found: list[tuple[int, str]] = []
    previous, expected, at_count, name, redacted = GENESIS, 0, GENESIS, run.encode(), _Redacted(run)
    for row in rows:
        seq = row[0]
        if seq != expected:
            found.append((seq, f"fact {expected} is missing or out of place"))
        if not _holds(row, previous, name):
            found.append((seq, "the fact was changed, or the one before it"))
        else:
            redacted.take(row)
        previous, expected = row[5], seq + 1
        at_count = row[5] if expected == count else at_count
    found.extend(redacted.faults())
    if expected < count or (expected > count and not open_end):
        found.append((expected, f"the run should have {count} facts, it has {expected}"))
    elif at_count != head and not found:
        found.append((count, f"fact {count - 1} is not the one that the run's row names"))
    return found


def _holds(row: ChainRow, previous: bytes, run: bytes) -> bool:
    """Whether a fact's hash is the one of such a fact after that hash."""
    seq, kind, key, at, epoch, stored, kept, salt, body, payload, blob = row
    try:
        if salt is None:
            return kept is not None and link(previous, run, seq, kind, key, at, epoch, kept) == stored
        if body is None or kept is not None or (payload is not None and blob is not None):
            return False
        digest = payload_digest(salt, body, payload, blob)
        return link(previous, run, seq, kind, key, at, epoch, digest) == stored
    except (TypeError, AttributeError, struct.error, UnicodeError):  # another type of column than we write
        return False
