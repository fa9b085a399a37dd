"""From a stored fact to its class, and what a redaction leaves of it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, get_args

from podium.model.facts import answers, calls, choices, money, notices, runs, waits
from podium.model.facts.content import FactContent, LeftOf, Mark, left_by, marks_of
from podium.model.facts.kind import FactKind
from podium.model.json import Json

ShapeFor = Callable[[Mapping[str, Json]], type[FactContent]]


_SINGLE: Mapping[FactKind, type[FactContent]] = {
    FactKind.STARTED: runs.Started,
    FactKind.ASKED: calls.Asked,
    FactKind.RETRY: calls.AttemptFailed,
    FactKind.STEP: calls.StepDone,
    FactKind.SENT: calls.StepSent,
    FactKind.TURN: waits.TurnTaken,
    FactKind.TIMER: waits.SleepBegun,
    FactKind.SPAWNED: waits.ChildSpawned,
    FactKind.CANCELLED: choices.KeysCancelled,
    FactKind.CANCELLING: runs.Cancelling,
    FactKind.CHANGED: runs.Changed,
    FactKind.UNDO: calls.UndoRegistered,
    FactKind.REWOUND: runs.Rewound,
    FactKind.REPINNED: runs.Repinned,
    FactKind.RESTARTED: runs.Restarted,
    FactKind.ENDED: runs.Ended,
    FactKind.REDACTED: runs.Redacted,
    FactKind.EDITED: runs.InputEdited,
    FactKind.LOOKED_UP: waits.LookedUp,
    FactKind.RESERVED: money.AmountReserved,
    FactKind.SETTLED: money.AmountSettled,
    FactKind.HELD: calls.Held,
}
"""Kinds with one shape."""

_SHAPES: Mapping[FactKind, ShapeFor] = {
    FactKind.ANSWERED: answers.answered_shape,
    FactKind.INTENT: calls.intent_shape,
    FactKind.QUESTION: waits.question_shape,
    FactKind.WAITING: waits.waiting_shape,
    FactKind.CHOSEN: choices.chosen_shape,
    FactKind.NOTICE: notices.notice_shape,
}
"""Kinds with several shapes, and what tells them apart."""


def shape_of_fact(kind: FactKind, body: Mapping[str, Json]) -> type[FactContent]:
    """Return the class that a stored fact is of."""
    return _SINGLE.get(kind) or _SHAPES[kind](body)


def read_content(kind: FactKind, body: Mapping[str, Json]) -> FactContent:
    """Return what a stored fact says."""
    return shape_of_fact(kind, body).read(body)


def left_of(kind: FactKind, body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a stored fact still says once it is redacted."""
    shape = shape_of_fact(kind, body)
    return left_by(all_marks(), body) if shape is notices.Notice else shape.left_of(body)


def contents() -> tuple[type[FactContent], ...]:
    """Return all classes of what facts say, in the order of their kinds."""
    several = (
        *get_args(answers.Answered), *get_args(calls.Intent), waits.QuestionAsked, waits.QuestionAnswered,
        waits.SignalAwaited, waits.ChildAwaited, *get_args(choices.JoinChoice), *notices.SHAPES.values(),
        notices.GuardActed, notices.Notice,
    )  # fmt: skip
    return tuple(sorted((*_SINGLE.values(), *several), key=lambda each: each.fact_kind))


@lru_cache(maxsize=1)
def all_marks() -> Mapping[str, Mark | LeftOf]:
    """Return the mark of each name that a field of any class or part has; a name has the same one everywhere."""
    marks: dict[str, Any] = {}
    for each in contents():
        marks.update(marks_of(each))
    return marks | {"at": Mark.KEEP, "approved": Mark.KEEP}
