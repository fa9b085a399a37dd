"""What has a run give a turn back that stands in the way of what somebody wants to delete."""

from podium.model.conversation_state import ConversationState
from podium.model.run import BlockedReason, Run, RunState
from podium.store.protocol import ReadStore


async def way_out(store: ReadStore, held: ConversationState) -> str:
    """Return which run has its turn in a conversation, and what is to be done about it."""
    run = None if held.holder is None else await store.run(held.holder.run)
    who = "a run" if run is None else f"run {run.id}"
    question = "" if held.holder is None or held.holder.question is None else f", and waits for {held.holder.question}"
    return f"{who} has its turn in conversation {held.name!r}{question}: {_way_out(run)}"


def _way_out(holder: Run | None) -> str:
    """Return what has a run give its turn back: one that is blocked takes up no cancel before it goes on."""
    if holder is None or holder.state is not RunState.BLOCKED:
        return "wait for its end, or cancel it"
    if holder.blocked is BlockedReason.QUARANTINED:
        return "it is quarantined; retry it, or discard it"
    return (
        f"it is blocked ({holder.reason}); bring back code that it goes on with, or `podium runs repin` it to a "
        "version that does, cancel it if it is not wanted"
    )
