"""The kinds of facts."""

from enum import IntEnum


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
    EDITED = 25
    RESTARTED = 26
    SENT = 27
    TURN = 28
