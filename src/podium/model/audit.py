"""What the audit knows: entries of the ledger, seals, redactions, and what does not hold."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import Protocol

from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.entered import (
    ACTED,
    ANSWERED,
    AWAY,
    DRAINED,
    GRANTED,
    KEY_ISSUED,
    KEY_MADE,
    KEY_REVOKED,
    REMARKED,
    REVOKED,
    StoredGrant,
    StoredQuestion,
    said_bytes,
)
from podium.model.expected import TEXT, check_fields, or_none
from podium.model.fact import Fact

GENESIS = b"\0" * 32
"""The hash before the first entry."""

PRUNED = "pruned"
"""The state in which a run is entered that is deleted."""

ROTATED = "rotated"
"""The state of an entry that is of no run: the key that seals was replaced. It is entered under the new key."""

RECORDED = (ROTATED, ANSWERED, REMARKED, GRANTED, REVOKED, DRAINED, AWAY, KEY_MADE, KEY_ISSUED, KEY_REVOKED, ACTED)
"""The states of entries that do not say how a run stands."""

_NUMBERS = Struct(">QQ")
_PLACE = Struct(">QI")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A run that left memory: how many facts it had, and the hash of the last one."""

    n: int
    """Place in the ledger, from 1."""
    run: str
    facts: int
    head: bytes
    state: str
    hash: bytes

    def follows(self, previous: bytes) -> bool:
        """Whether its hash is the one of an entry after that hash."""
        return self.hash == entry_hash(previous, self.n, self.run, self.facts, self.head, self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signature of the ledger up to an entry."""

    n: int
    hash: bytes
    """Of that entry, which stands for all before it."""
    at: float
    """Seconds since 1970."""
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        return sealed_bytes(self.n, self.hash, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """The key that seals was replaced by another one, from an entry of the ledger on."""

    entry: int
    """The entry that says so: the first that is sealed with the new key."""
    old: str
    """The public key of the one that was replaced."""
    new: str
    at: float
    by: str
    why: str
    signature: bytes = b""
    """By the old key."""
    accepted: bytes = b""
    """By the new key."""

    @property
    def said(self) -> bytes:
        """The bytes that both keys sign."""
        return b"podium key change " + said_bytes([self.entry, self.old, self.new, self.at, self.by, self.why])

    @property
    def digest(self) -> bytes:
        """What stands for it in the ledger."""
        return sha256(self.said).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What was written down elsewhere of how the ledger was sealed."""

    seals: Sequence[Seal]
    key_changes: Sequence[KeyChange] = ()
    torn: Sequence[int] = ()
    """The lines that have no end: whoever wrote them died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """A run that was deleted, as it was then."""

    run: str
    facts: int
    head: bytes
    """The hash of its last fact."""
    state: str
    at: float
    by: str
    why: str
    signature: str | None
    """By the key of the audit, where one is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredPruning:
    """A pruning, and what the ledger knows of it."""

    pruning: Pruning
    entry: int | None
    """The entry that says so."""
    before: bytes | None
    """The last hash of the run that the ledger knew before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """How the ledger is sealed."""

    key: str | None = None
    """A reference to the secret key: `env:PODIUM_AUDIT_KEY`, `file:/run/secrets/audit`; None seals nothing."""
    public_key: str | None = None
    """The public key, for whoever checks and does not have the secret one."""
    anchor: str | None = None
    """A file, best on another machine, to which each seal is appended."""
    every: Seconds = Seconds(60.0)
    """Seconds between two seals; there is one more when the app closes."""

    def __post_init__(self) -> None:
        check_fields(self, {"key": or_none(TEXT), "public_key": or_none(TEXT), "anchor": or_none(TEXT)})
        hold_seconds(self, SECONDS, "every")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRun:
    """The journal of a run, read once for all that is checked of it."""

    faults: Sequence[tuple[int, str]]
    """Place and description of what does not hold together."""
    facts: Sequence[Fact]
    """Without payloads; those before the first fault at least."""
    hashes: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Something that does not hold."""

    where: str
    what: str


@dataclass(slots=True)
class Audit:
    """What an audit found."""

    faults: list[AuditFault] = field(default_factory=list[AuditFault])
    unproved: list[str] = field(default_factory=list[str])
    """What cannot be told, and what it would take."""
    runs: int = 0
    redacted: int = 0
    """Runs whose content was deleted on purpose."""
    pruned: int = 0
    """Runs that were deleted on purpose."""
    entries: int = 0
    sealed: int = 0
    """Entries up to the last seal that holds."""

    def fault(self, where: str, what: str) -> None:
        """Note something that does not hold."""
        self.faults.append(AuditFault(where, what))


def entry_hash(previous: bytes, n: int, run: str, facts: int, head: bytes, state: str) -> bytes:
    """Return the hash of a ledger's entry that follows `previous`."""
    name = run.encode()
    return sha256(previous + _NUMBERS.pack(n, facts) + head + state.encode() + b"\0" + name).digest()


def sealed_bytes(n: int, hash: bytes, at: float) -> bytes:
    """Return what a seal signs."""
    return b"podium ledger %d %s %r" % (n, hash.hex().encode(), at)


class Remains:
    """What is left of a run's redacted facts, as a digest that the fact of the redaction names."""

    def __init__(self, run: str) -> None:
        self._sum = sha256(run.encode())

    def add(self, seq: int, body: bytes) -> None:
        """Count what is left of a fact; in the order of the facts."""
        self._sum.update(_PLACE.pack(seq, len(body)) + body)

    def digest(self) -> str:
        """Return the digest of what was counted so far."""
        return self._sum.hexdigest()


def remains_of(run: str, bodies: Iterable[tuple[int, bytes]]) -> str:
    """Return the digest of what is left of a run's redacted facts."""
    remains = Remains(run)
    for seq, body in bodies:
        remains.add(seq, body)
    return remains.digest()


def redacted_bytes(run: str, seq: int, remains: str) -> bytes:
    """Return what is signed of a redaction: which run, up to which fact, and what was left."""
    return b"podium redaction %s %d %s" % (run.encode(), seq, remains.encode())


def pruned_bytes(said: Pruning) -> bytes:
    """Return what is signed of a pruning: which run, with which facts, when, by whom and why."""
    told = [said.run, said.facts, said.head.hex(), said.state, float(said.at), said.by, said.why]
    return b"podium pruning: " + said_bytes(told)


def pruned_before(said: Pruning) -> bytes:
    """Return what was signed of a pruning by a Podium that did not sign who pruned the run, and why."""
    return b"podium pruning %s %d %s" % (said.run.encode(), said.facts, said.head.hex().encode())


class SealSigner(Protocol):
    """Has the secret key of the audit."""

    @property
    def public(self) -> str:
        """The public key, as text."""
        ...

    def seal(self, n: int, head: bytes, at: float) -> Seal:
        """Return a seal of the ledger up to an entry."""
        ...

    def sign(self, said: bytes) -> bytes:
        """Return a signature of what was said."""
        ...


class SealChecker(Protocol):
    """Knows public keys that can be trusted, and checks signatures."""

    @property
    def trusted(self) -> Sequence[str]:
        """The public keys, as text, that whoever checks has from elsewhere than the store."""
        ...

    def fits(self, public: str, said: bytes, signature: bytes) -> bool:
        """Whether a signature of what was said was made with the key of this public one; False for nonsense."""
        ...


class Ledger(Protocol):
    """The ledger of a store. An audit opens a store of its own, and reads all of it in one snapshot."""

    def snapshot(self) -> AbstractContextManager[None]:
        """See the store as it is now, whatever others write meanwhile."""
        ...

    def last(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry; 0 and GENESIS where there is none."""
        ...

    def entries(self) -> Iterator[LedgerEntry]:
        """Give all entries, in order."""
        ...

    def of(self, run: str) -> list[LedgerEntry]:
        """Return the entries of a run, in order; not those of one that had its id and was pruned."""
        ...

    def grants(self) -> list[StoredGrant]:
        """Return what stands for each delegation."""
        ...

    def drains(self) -> list[tuple[str, bytes]]:
        """Return the workers that somebody had drained, each with what stands for that."""
        ...

    def absences(self) -> list[tuple[str, bytes]]:
        """Return who was said to be away, or back, by its id, each with what stands for that."""
        ...

    def keys(self) -> Iterator[tuple[str, str, bytes | None]]:
        """Give what stands for each key, for its secret and for its end, by id and state; None is no end."""
        ...

    def actions(self) -> Iterator[tuple[str, bytes]]:
        """Give the id of each action, and what stands for it."""
        ...

    def foreign(self) -> list[str]:
        """Return what Podium did not make, or made otherwise: triggers, views, tables, indexes, by kind and name."""
        ...

    def strays(self) -> list[tuple[str, int]]:
        """Return how many rows there are of which table that belong to nothing, but for those of facts."""
        ...

    def orphans(self) -> list[str]:
        """Return the runs that were entered and are not in the store, but for those that were pruned."""
        ...

    def prunings(self) -> Iterator[EnteredPruning]:
        """Give all runs that were pruned, in the order in which they had been started."""
        ...

    def unknown_prunings(self) -> list[tuple[int, str]]:
        """Return number and run of the entries that tell of a pruning of which nobody says whose it was."""
        ...

    def runs(self, after: str | None = None) -> Iterator[str]:
        """Give the ids of all runs, or of those after this one, in the order in which they were started."""
        ...

    def read(self, run: str) -> ReadRun:
        """Return the facts of a run, with what its hash chain says of them."""
        ...

    def hashes(self, run: str) -> list[bytes]:
        """Return the hashes of a run's facts, in order."""
        ...

    def lost_blobs(self) -> list[tuple[str, int]]:
        """Return run and place of the facts whose large payload is gone."""
        ...

    def stray_runs(self) -> int:
        """Return of how many runs there are facts, and not the run."""
        ...

    def questions(self, run: str) -> list[StoredQuestion]:
        """Return the questions of a run, as they stand in the inbox, with their answers."""
        ...

    def unredacted(self, before: float) -> list[str]:
        """Return the runs that ended before a time, as did those that started them, and still say all they said."""
        ...

    def forged_blobs(self) -> int:
        """Return how many large payloads are not what their hash says."""
        ...

    def seals(self) -> list[Seal]:
        """Return all seals, in order."""
        ...

    def seal(self, seal: Seal) -> None:
        """Keep a seal; one more of the same entry changes nothing. Called in a thread."""
        ...

    def key_changes(self) -> list[KeyChange]:
        """Return how the key that seals was replaced, in order."""
        ...

    def change_key(self, sign: Callable[[int], KeyChange]) -> KeyChange:
        """Enter that the key is replaced, as `sign` says it for the number of that entry. Called in a thread."""
        ...
