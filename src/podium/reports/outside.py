"""What an audit of a store cannot prove: what is not chained, and why that is no loss, or what to look at instead."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A part of a store, or something beside it, that is outside the chain."""

    what: str
    columns: Sequence[str] = ()
    """The tables, or the columns of tables, as `TABLE` or `TABLE.COLUMN`; empty of what is not in the store."""
    why: str


OUTSIDE = (
    Outside(
        what="heartbeats", columns=("workers",),
        why="they say only which processes live now; who had one drained is entered in the ledger",
    ),
    Outside(
        what="whether the store was moved", columns=("moved",),
        why="it says only where runs go on; what was moved is audited there",
    ),
    Outside(
        what="events of the system", columns=("events",),
        why="what they tell of stands in the facts, and in the ledger",
    ),
    Outside(
        what="caches",
        columns=("answers_kept", "answers_vectors", "stream_watches", "stream_heads", "stream_events"),
        why="what a run was given of them stands in its facts",
    ),
    Outside(
        what="the shared memory, with its indexes",
        columns=(
            "memory", "memory_text", "memory_vectors", "memory_writes", "memory_locks", "memory_gone",
        ),
        why="what a run put there, and was given, stands in its facts",
    ),
    Outside(
        what="conversations",
        columns=("conversations", "conversation_said", "conversation_turns"),
        why="what a run said and was told stands in its facts",
    ),
    Outside(
        what="what is left of budgets",
        columns=("budgets", "reservations", "budget_waits", "budget_questions"),
        why="what was set aside and spent stands in the facts: `podium costs` counts those",
    ),
    Outside(
        what="what ended runs spent, added up",
        columns=("run_costs", "runs.costed_from", "runs.costed_to"),
        why="it is kept for speed, and dropped where a run changes; what was spent stands in the facts",
    ),
    Outside(
        what="what processes share of limits and circuit breakers",
        columns=("shared_states",),
        why="what they did to a run stands in its facts",
    ),
    Outside(
        what="webhooks, and what was delivered to them",
        columns=("webhooks", "webhook_deliveries"),
        why="who made and changed them is entered in the ledger as an action; what they tell of stands in the facts",
    ),
    Outside(
        what="signals on their way",
        columns=("signals",),
        why="what a run took stands in its facts; an answer of a person is entered in the ledger when it is given",
    ),
    Outside(
        what="how a run is scheduled",
        columns=(
            "runs.epoch", "runs.wake", "runs.owner", "runs.wake_at", "runs.queue", "runs.priority", "runs.tag",
            "runs.affinity", "runs.strikes", "runs.struck", "runs.blocked", "runs.reason", "runs.ready_at",
            "affinities",
        ),
        why="it says who goes on with it and when; why a run ended stands in its facts",
    ),
    Outside(
        what="whether a question that nobody answered is open, expired or withdrawn",
        columns=("questions.state",),
        why="what came of it stands in the facts of its run",
    ),
    Outside(
        what="when a fork was made",
        columns=("runs.created_at",),
        why="of other runs it is compared; the first fact of a fork is that of the run it was made of",
    ),
    Outside(
        what="how often a delegation was used, and the order of prunings",
        columns=("delegations.used", "pruned.number"),
        why="the runs that were started with it name it",
    ),
    Outside(
        what="when a key was used last",
        columns=("api_keys.used_at",),
        why="what was done with it stands under the name of whoever has it",
    ),
    Outside(what="copies", why="backups, replicas and snapshots of the disk: redact and prune do not reach them"),
)  # fmt: skip
"""All of it. What is not named here is compared with facts, ledger and seals."""
