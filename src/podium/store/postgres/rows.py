"""Rows of the server as the words of the model."""

from podium.model.run import BlockedReason, Run, RunState
from podium.store.postgres.statements import Row


def run_of(row: Row) -> Run:
    """Return the run of a row of `runs_by_n` and its like."""
    state = RunState(row[4])
    blocked = BlockedReason(row[21] or BlockedReason.CODE) if state is RunState.BLOCKED else None
    return Run(
        id=row[1], workflow=row[2], version=row[3], state=state, epoch=row[5], queue=row[6],
        priority=row[7], created_at=row[8], ended_at=row[9], wake_at=row[10], parent=row[11], root=row[12],
        tenant=row[13], principal=row[14], owner=row[15], facts=row[16], reason=row[17], tag=row[18],
        crash_count=row[20], blocked=blocked, generation=row[22], since=row[23],
    )  # fmt: skip
