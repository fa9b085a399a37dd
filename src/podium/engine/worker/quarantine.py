"""Setting a run aside that kills its processes."""

from podium.model.facts.notices import RunQuarantined
from podium.model.run import BlockedReason, Run
from podium.store.inserting import NewFact
from podium.store.operations import Block


def quarantine(run: Run, now: float) -> tuple[Block, NewFact]:
    """Return what sets a run aside until a person has it tried again, and the notice that says so."""
    reason = (
        f"quarantined: {run.crash_count} processes in a row died while they drove it. Find out why "
        f"(memory? a crash in native code?), then `podium dead-letters requeue {run.id}`, or discard it."
    )
    notice = NewFact.saying(RunQuarantined(strikes=run.crash_count), "", now)
    return Block(reason, BlockedReason.QUARANTINED), notice
