"""The hash chain of a run's facts, so that tampering shows.

A fact's hash covers its header, the hash before it, and a salted digest of what it carries. What it carries and the
salt can be deleted (redaction) while the digest stays, and the chain still holds.
"""

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

GENESIS = b"\0" * 32
"""The hash before the first fact of a run."""


_HEADER = Struct(">QHdQH")


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


def faults(run: str, rows: Iterable[ChainRow], count: int, head: bytes, *, open_end: bool) -> list[tuple[int, str]]:
    """Return place and description of everything in a run's facts that does not hold together.

    `count` and `head` are what the run's row says. While a run is driven (`open_end`) more facts may follow those.
    """
    found: list[tuple[int, str]] = []
    previous, expected, at_count, name = GENESIS, 0, GENESIS, run.encode()
    for seq, kind, key, at, epoch, stored, kept, salt, body, payload, blob in rows:
        if seq != expected:
            found.append((seq, f"fact {expected} is missing or out of place"))
        try:
            digest = kept if salt is None or body is None else payload_digest(salt, body, payload, blob)
            holds = digest is not None and link(previous, name, seq, kind, key, at, epoch, digest) == stored
        except TypeError:  # another type of column than we write
            holds = False
        if not holds:
            found.append((seq, "the fact was changed, or the one before it"))
        previous, expected = stored, seq + 1
        at_count = stored if expected == count else at_count
    if expected < count or (expected > count and not open_end):
        found.append((expected, f"the run should have {count} facts, it has {expected}"))
    elif at_count != head and not found:
        found.append((count, f"fact {count - 1} is not the one that the run's row names"))
    return found
