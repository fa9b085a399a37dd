"""What is noteworthy about runs and questions."""

from enum import StrEnum


class EventType(StrEnum):
    """What happened. Names are stored: never reuse one."""

    RUN_STARTED = "run_started"
    """A run, or child run, was put into the store."""
    RUN_RESTARTED = "run_restarted"
    """A run began its next generation, `generation`."""
    RUN_BLOCKED = "run_blocked"
    """A run cannot go on, because of its `cause`. That it goes on again is told by what it does then."""
    RUN_REWOUND = "run_rewound"
    """A run was retried, or moved back to a call: what it says next may say it had ended before."""
    RUN_REPINNED = "run_repinned"
    """A run goes on with another `version` of its workflow."""
    RUN_ENDED = "run_ended"
    """A run is done, failed or cancelled: `state`."""
    RUN_REDACTED = "run_redacted"
    """What a run was given and what it said was deleted: whoever has a copy is to delete it too."""
    RUN_PRUNED = "run_pruned"
    """A run was deleted."""
    QUESTION_OPENED = "question_opened"
    """People are asked."""
    QUESTION_ANSWERED = "question_answered"
    """One person, `by`, has answered; others may still have to."""
    QUESTION_CLOSED = "question_closed"
    """A question was answered, has expired or was withdrawn: `state`."""
    GONE = "gone"
    """Told by whoever reads: `lost` events that were asked for are kept no more; None where nobody knows how many."""
