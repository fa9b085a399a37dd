"""Rows of a database as the words of the model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from podium import lazy
from podium.model.audit import KeyChange, Pruning
from podium.model.budget import Amount, BudgetLimits, BudgetState
from podium.model.cost import Cost
from podium.model.fact import NOTHING, Fact, FactKind
from podium.model.question import Ask, Question, QuestionState
from podium.model.run import BlockedReason, Run, RunState, Signal
from podium.model.track_record import AgentReport, TrackRecord
from podium.store.codec import decode
from podium.store.journaling.chain import PLACE_BITS
from podium.store.journaling.quoted import Payloads, quotes
from podium.store.operations import Placed
from podium.store.tables.statements import Row, Statements

if TYPE_CHECKING:
    from podium.model import action
else:
    action = lazy.module("podium.model.action")

ALL_FACTS = 1 << PLACE_BITS
"""As many as a run can have."""


def run_of(row: Row) -> Run:
    """Return the run of a row of `run_row_by_n` and its like."""
    state = RunState(row[4])
    blocked = BlockedReason(row[21] or BlockedReason.CODE) if state is RunState.BLOCKED else None
    return Run(
        id=row[1], workflow=row[2], version=row[3], state=state, epoch=row[5], queue=row[6],
        priority=row[7], created_at=row[8], ended_at=row[9], wake_at=row[10], parent=row[11], root=row[12],
        tenant=row[13], principal=row[14], owner=row[15], facts=row[16], reason=row[17], tag=row[18],
        crash_count=row[20], blocked=blocked, generation=row[22], since=row[23],
        affinity=row[24],
    )  # fmt: skip


def plain_reason(reason: str) -> str:
    """Return why a run stands as it does, as every database can hold it; its facts have it as it was said."""
    return reason.replace("\0", "\ufffd")


def placed_of(row: Row) -> Placed:
    """Return the run of a row of `runs_ready` and its like."""
    return Placed(*row)


def signal_of(row: Row) -> Signal:
    """Return the signal of a row of `signals_waiting`."""
    return Signal(row[0], row[1], row[2], decode(row[3]), row[4])


def question_of(row: Row) -> Question:
    """Return the question of a row of `question_get`."""
    asked_at, deadline = row[9], row[10]
    ask = Ask(
        text=row[4], subject=decode(row[5]), schema=decode(row[6]), to=row[7], quorum=row[8], kind=row[3],
        within=None if deadline is None else deadline - asked_at, idempotency_key=row[15], remind=row[17],
    )  # fmt: skip
    return Question(
        id=row[0], run=row[1], key=row[2], ask=ask, asked_at=asked_at, deadline=deadline, tenant=row[11],
        state=QuestionState(row[12]), principal=row[13], step=row[14],
        answered_by=tuple(by for _, by in sorted(decode(row[16]))), assignee=row[18],
    )  # fmt: skip


def pruning_of(row: Sequence[Any]) -> Pruning:
    """Return the pruning of a row of `pruned_last` and its like."""
    run, facts, head, state, at, by, why, signature = row
    return Pruning(run=run, facts=facts, head=head, state=state, at=at, by=by, why=why, signature=signature)


def key_change_of(row: Sequence[Any]) -> KeyChange:
    """Return the change of the audit's key of a row of `key_changes_all`."""
    entry, old, new, at, by, why, signature, accepted = row
    return KeyChange(
        entry=entry, old=old, new=new, at=at, by=by, why=why, signature=signature, accepted=accepted
    )  # fmt: skip


def row_of_key_change(change: KeyChange) -> Sequence[object]:
    """Return the values of `key_change_insert`."""
    return (
        change.entry, change.old, change.new, change.at, change.by, change.why, change.signature, change.accepted
    )  # fmt: skip


def record_of(row: Row) -> TrackRecord:
    """Return the record of a row of `records_fold`."""
    return TrackRecord(
        agent=row[0], version=row[1], calls=row[2], done=row[3], failed=row[4], seconds=row[5], usd=row[6]
    )  # fmt: skip


def report_of(row: Row) -> AgentReport:
    """Return the report of a row of `agents_fold`."""
    agent, version, calls, done, failed, p50, p95, usd, last = row
    return AgentReport(
        agent=agent, version=version, calls=calls, done=done, failed=failed, p50=p50, p95=p95, usd=usd, last=last
    )


def budget_of(row: Row) -> BudgetState:
    """Return how a budget stands, from a row of `budget_get` or `budgets_list`."""
    return BudgetState(
        id=row[0], limits=BudgetLimits(usd=row[1], tokens=row[2], calls=row[3]),
        reserved=Amount(usd=row[4], tokens=row[5], calls=row[6]),
        spent=Amount(usd=row[7], tokens=row[8], calls=row[9]), in_doubt=row[10],
    )  # fmt: skip


def fact_of(row: Row, payload: bytes | None = None) -> Fact:
    """Return the fact of the last columns of `runs_dead` and its like."""
    seq, kind, key, at, epoch, body = row
    return Fact(seq, FactKind(kind), key, at, epoch, body or NOTHING, payload)


def cost_of(row: Row) -> Cost:
    """Return the cost of a row of `costs_fold`."""
    return Cost(
        part=row[0], calls=row[1], requests=row[2], input_tokens=row[3], output_tokens=row[4], usd=row[5],
        in_doubt=max(0.0, round(row[6], 9)),  # what was given back part by part leaves nothing, not the rest of a sum
        unpriced=row[7], runs=row[8], done=row[9], cpu_seconds=row[10], gb_seconds=row[11],
        saved=row[12], conversation=row[13] or None, tenant=row[14],
    )  # fmt: skip


def stored_payload(statements: Statements, run: int, seq: int) -> bytes | None:
    """Return the payload of a fact as it is stored; None where it has none."""
    row = statements.one("payload_get", run, seq)
    return None if row is None else row[0]


def payloads_of(statements: Statements, run: int) -> Payloads:
    """Return what puts the payloads of a run together."""
    return Payloads(lambda seq: stored_payload(statements, run, seq))


def facts_of(statements: Statements, name: str, run: int, *wanted: object) -> list[Fact]:
    """Return the facts of a run that a statement such as `facts_of_run` finds."""
    return facts_in(statements, run, statements.all(name, run, *wanted))


def facts_in(statements: Statements, run: int, rows: Sequence[Row]) -> list[Fact]:
    """Return the facts of rows as `facts_of_run` gives, all of one run."""
    kinds = FactKind
    read: dict[int, bytes] = {}
    payloads = Payloads(lambda seq: read.get(seq) or stored_payload(statements, run, seq))
    found: list[Fact] = []
    for seq, kind, key, at, epoch, body, payload, blob in rows:
        if blob is not None:
            row = statements.one("blob_get", blob)
            found.append(Fact(seq, kinds(kind), key, at, epoch, body or NOTHING, None if row is None else row[0]))
            continue
        if payload is not None:
            read[seq] = payload
        whole = payloads.whole(seq, payload) if quotes(payload) else payload
        found.append(Fact(seq, kinds(kind), key, at, epoch, body or NOTHING, whole))
    return found


def facts_to_drive(statements: Statements, number: int, since: int) -> list[Fact]:
    """Return the first fact of a run, and those from the place on with which its present generation began."""
    first = facts_of(statements, "fact_first", number) if since else []
    return first + facts_of(statements, "facts_of_run", number, since - 1, ALL_FACTS)


def action_of(row: Row) -> "action.UserAction":
    """Return an action from a row of `actions`."""
    at, name, by, tenant, what, about, said = row
    return action.UserAction(id=name, at=at, by=by, tenant=tenant, what=what, about=about, said=decode(said))
