"""A line of the journal."""

import json
from dataclasses import dataclass
from enum import IntEnum

from podium.model.json import Json


class FactKind(IntEnum):
    """What a fact says. Numbers are stored: never reuse one."""

    STARTED = 1
    ASKED = 2
    ANSWERED = 3
    RETRY = 4
    INTENT = 5
    STEP = 6
    TIMER = 7
    QUESTION = 8
    WAITING = 9
    SPAWNED = 10
    CHOSEN = 11
    CANCELLED = 12
    CANCELLING = 13
    CHANGED = 14
    UNDO = 15
    REWOUND = 16
    REPINNED = 17
    ENDED = 18
    REDACTED = 19
    LOOKED_UP = 20
    RESERVED = 21
    SETTLED = 22
    HELD = 23
    NOTICE = 24


@dataclass(slots=True)
class Fact:
    """One thing that happened in a run. Facts are never changed."""

    seq: int
    """Place in the run's journal, from 0."""
    kind: FactKind
    key: str
    """The call, step or branch it is about; empty for the run itself."""
    at: float
    """Seconds since 1970, by the clock of whoever wrote it."""
    epoch: int
    """The ownership under which it was written."""
    body: Json
    """What it says, by kind: a dict; empty once redacted."""
    payload: bytes | None = None
    """The input or value it carries, as JSON text."""

    def value(self) -> Json:
        """Return the payload as JSON."""
        return None if self.payload is None else json.loads(self.payload)
