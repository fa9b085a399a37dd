"""What the ledger has besides runs: what people answered, whom users let act for them, who drained workers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from podium.model.question import Question

ANSWERED: Literal["answered"] = "answered"
"""The state of an entry that a person answered a question of the run; its head stands for the answer."""

REMARKED: Literal["remarked"] = "remarked"
"""The state of an entry that something was said of a question of the run, or that it was given to somebody."""

EnteredState = Literal["pruned", "answered", "remarked"]
"""What an entry of the ledger says of a run where it does not say how the run stands."""

GRANTED = "granted"
"""The state of an entry that a delegation was granted, which it names in place of a run; its head stands for it."""

REVOKED = "revoked"
"""The state of an entry that a delegation was revoked."""

AWAY = "away"
"""The state of an entry that somebody is away, or back; it names the absence in place of a run."""

DRAINED = "drained"
"""The state of an entry that somebody had a worker drained, which it names in place of a run."""

KEY_MADE = "key made"
"""The state of an entry that a key was made, which it names in place of a run; its head stands for what it may."""

KEY_ISSUED = "key issued"
"""The state of an entry that a key was given a secret; the last one of a key counts."""

KEY_REVOKED = "key revoked"
"""The state of an entry that a key was revoked."""

ACTED = "acted"
"""The state of an entry that somebody asked for a change, which it names in place of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """A person's answer as the store has it."""

    by: str
    value: bytes
    """JSON; `null` once the run was redacted."""
    at: float
    salt: bytes | None
    """None once the run was redacted."""
    digest: bytes | None
    """Of salt and value. None of one that was given before answers were entered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRemark:
    """A remark on a question as the store has it."""

    id: str
    by: str
    at: float
    text: bytes
    """JSON; `null` once the run was redacted."""
    assignee: str | None
    salt: bytes | None
    """None once the run was redacted."""
    digest: bytes
    """Of salt and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuestion:
    """A question as the inbox has it, with its answers."""

    question: Question
    shown: str
    """The digest of what people are shown, as `shown_digest` makes it."""
    to_folded: str
    """Whom it is put to, as names are compared."""
    answers: Sequence[StoredAnswer]
    remarks: Sequence[StoredRemark] = ()
    assignee_folded: str | None = None
    """To whom it was given, as names are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """A delegation as the store has it: what stands for it, and for its end."""

    id: str
    granted: bytes
    revoked: bytes | None


def said_bytes(said: Sequence[str | float | None]) -> bytes:
    """Return what is hashed or signed of texts and numbers: JSON as it is, with nothing masked, now and later."""
    return json.dumps(said).encode()


def shown_digest(question: Question, subject: bytes, schema: bytes) -> str:
    """Return what stands for what a question shows, apart from what the fact of it says in words."""
    key = question.ask.idempotency_key
    said = [question.asked_at, question.key, question.step, key, question.tenant, question.principal]
    return sha256(b"podium question %b %d:%b %b" % (said_bytes(said), len(subject), subject, schema)).hexdigest()


def value_digest(salt: bytes, value: bytes) -> bytes:
    """Return what stands for the value of an answer; nobody can guess the value from it without the salt."""
    return sha256(salt + value).digest()


def answer_head(question: str, by: str, at: float, digest: bytes) -> bytes:
    """Return what the ledger has of an answer: to what, by whom, when, and the digest of the value."""
    return sha256(b"podium answer %b %b" % (said_bytes([question, by, float(at)]), digest)).digest()


def remark_head(id: str, question: str, by: str, at: float, assignee: str | None, digest: bytes) -> bytes:
    """Return what the ledger has of a remark: on what, by whom, when, to whom it gives it, and the text's digest."""
    return sha256(b"podium remark %b %b" % (said_bytes([id, question, by, float(at), assignee]), digest)).digest()


def absence_digest(
    id: str, tenant: str, person: str, person_folded: str, until: float, at: float, by: str
) -> bytes:  # fmt: skip
    """Return what the ledger has of somebody being away, or back."""
    return sha256(
        b"podium absence %b" % said_bytes([id, tenant, person, person_folded, float(until), float(at), by])
    ).digest()


def grant_digest(
    id: str, by: str, to: str, tenant: str, scope: bytes, expires: float | None, quota: int | None, granted_at: float
) -> bytes:
    """Return what the ledger has of a delegation; `scope` is JSON: agents, tools and arguments."""
    ends = None if expires is None else float(expires)
    return sha256(
        b"podium grant %b %b" % (said_bytes([id, by, to, tenant, ends, quota, float(granted_at)]), scope)
    ).digest()


def revocation_digest(id: str, at: float) -> bytes:
    """Return what the ledger has of the end of a delegation."""
    return sha256(b"podium revocation %b" % said_bytes([id, float(at)])).digest()


def drain_digest(worker: str, by: str, why: str, at: float) -> bytes:
    """Return what the ledger has of somebody having a worker drained."""
    return sha256(b"podium drain %b" % said_bytes([worker, by, why, float(at)])).digest()


def key_made_digest(
    id: str, name: str, who: str, tenant: str, scope: bytes, expires: float | None, made_at: float, made_by: str
) -> bytes:
    """Return what the ledger has of a key: who has it and what it may; `scope` is JSON: roles and workflows."""
    ends = None if expires is None else float(expires)
    said = said_bytes([id, name, who, tenant, ends, float(made_at), made_by])
    return sha256(b"podium key %b %b" % (said, scope)).digest()


def key_issued_digest(
    id: str, digest: bytes, former: bytes | None, former_until: float | None, at: float, by: str
) -> bytes:
    """Return what the ledger has of the secret that a key was given, and of the one before it."""
    until = None if former_until is None else float(former_until)
    said = said_bytes([id, digest.hex(), None if former is None else former.hex(), until, float(at), by])
    return sha256(b"podium key secret %b" % said).digest()


def key_revoked_digest(id: str, at: float, by: str) -> bytes:
    """Return what the ledger has of the end of a key."""
    return sha256(b"podium key revocation %b" % said_bytes([id, float(at), by])).digest()


def action_digest(at: float, id: str, by: str, tenant: str, what: str, about: str, said: bytes) -> bytes:
    """Return what the ledger has of somebody asking for a change; `said` is JSON."""
    return sha256(b"podium action %b %b" % (said_bytes([id, float(at), by, tenant, what, about]), said)).digest()
