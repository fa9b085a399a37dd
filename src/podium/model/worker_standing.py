"""What a worker does now."""

from enum import StrEnum


class WorkerStanding(StrEnum):
    """What a worker does now."""

    DRIVING = "driving"
    """It takes runs up and drives them."""
    DRAINING = "draining"
    """It begins nothing new: somebody has it drained."""
    DRAINED = "drained"
    """It drives nothing any more: somebody had it drained."""
    LEFT = "left"
    """It has stopped by itself: it drives nothing any more, and is listed no more."""
    GONE = "gone"
    """Its process has ended, or was not heard of for a lease. Others take over what it drove."""
