"""A run that is started, and its first fact."""

from dataclasses import dataclass, replace

from podium.model.agent import Card
from podium.model.allow import AllowList
from podium.model.budget import Budget, BudgetLimits, BudgetLine, budget_json, limits_of
from podium.model.budget_ids import budget_of_run
from podium.model.delegation import Delegation
from podium.model.fact import Fact, FactKind
from podium.model.facts.runs import Started
from podium.model.json import Json
from podium.model.run import PATTERNS_VERSION, START, Run, RunOptions, RunState
from podium.store.conversing import WantTurn
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import BeginGeneration, Delivery, Write
from podium.store.protocol import Claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """What a child run has of the run that starts it."""

    run: Run
    callers: tuple[str, ...]
    deadline: float | None
    lines: tuple[BudgetLine, ...]
    budget: Json
    """Its own, or what it has of those above it."""
    allow: tuple[AllowList, ...] = ()
    """The lists of what may be used where it is started."""


def new_run(  # noqa: PLR0913 - each is a word of the run, and the caller names it
    id: str, card: Card, payload: bytes, options: RunOptions, *, seed: int, at: float, above: Above | None = None,
    trace: str | None = None, delegation: Delegation | None = None,
) -> NewRun:  # fmt: skip
    """Return a run that is ready to be inserted; its first fact holds all that a replay needs.

    `trace` is the `traceparent` of what starts it, if that is traced; `delegation` is that with which it is started.
    """
    limits = None if options.budget is None else limits_of(options.budget)
    said = Started(
        workflow=card.name, version=card.version, seed=seed, principal=options.principal, tenant=options.tenant,
        callers=() if above is None else above.callers, deadline=_deadline(options, at, above),
        budget=_budget(options, above), lines=tuple(_lines(id, options.budget, above)), trace=trace,
        conversation=None if options.turn is None else options.turn.name,
        busy="wait" if options.turn is None else options.turn.busy, allow=_allow(options, above),
        grantor=delegation and delegation.by, grantee=delegation and delegation.to, patterns=PATTERNS_VERSION,
    )  # fmt: skip
    parent = None if above is None else above.run
    return NewRun(
        id=id, workflow=card.name, version=card.version, queue=options.queue, priority=options.priority,
        affinity=options.affinity,
        tenant=options.tenant, principal=options.principal, parent=parent and parent.id,
        root=parent.root if parent else id, tag=options.tag, at=at,
        started=NewFact.saying(said, "", at, payload), limits=limits or None, turn=_turn(options, at),
    )  # fmt: skip


def _allow(options: RunOptions, above: Above | None) -> tuple[AllowList, ...]:
    """Return the lists of what it may use: its own, and those above it."""
    own = () if options.allow is None else (options.allow,)
    return own if above is None else (*above.allow, *own)


def _turn(options: RunOptions, at: float) -> WantTurn | None:
    """Return what asks for the turn that it has from its start."""
    if (turn := options.turn) is None:
        return None
    tenant, principal = options.tenant, options.principal
    return WantTurn(tenant=tenant, principal=principal, name=turn.name, key=START, at=at, busy=turn.busy)


def _deadline(options: RunOptions, at: float, above: Above | None) -> float | None:
    """Return when the run has to be done: by its own limits, or by those of the run that starts it."""
    seconds = [options.within, None if options.budget is None else options.budget.seconds]
    known = [at + each for each in seconds if each is not None]
    if above is not None and above.deadline is not None:
        known.append(above.deadline)
    return min(known, default=None)


def _budget(options: RunOptions, above: Above | None) -> Json:
    """Return what the first fact says of the budget: how deep and how wide, of its own and those above the least.

    How deep is counted from the first run, as callers are.
    """
    shape = {} if above is None else {name: above.budget[name] for name in ("depth", "fan_out") if name in above.budget}
    if options.budget is None:
        return shape
    own = budget_json(options.budget)
    if "depth" in own and above is not None:
        own["depth"] += len(above.callers)
    return own | {name: min(most, own.get(name, most)) for name, most in shape.items()}


def _lines(id: str, budget: Budget | None, above: Above | None) -> list[BudgetLine]:
    """Return the budgets that it counts against: its own, and for the rest those above it."""
    own = BudgetLimits() if budget is None else limits_of(budget)
    asks = budget is not None and budget.on_breach == "ask"
    lines = [BudgetLine(id=budget_of_run(id), limits=own, to=budget.to if budget and asks else None)] if own else []
    inherited = [] if above is None else [replace(line, limits=line.limits.beside(own)) for line in above.lines]
    return lines + [line for line in inherited if line.limits]


def claimed_anew(
    claimed: Run, n: int, started: Fact, write: Write, begun: BeginGeneration, came: Delivery, count: int
) -> Claimed:
    """Return a run whose worker has just committed that it begins again: it need not be read again.

    `count` is how many facts its journal has now.
    """
    facts = [
        Fact(place, new.kind, new.key, new.at, claimed.epoch, new.body, new.payload)
        for place, new in enumerate(write.facts[-begun.facts :], count - begun.facts)
    ]
    run = replace(claimed, version=begun.version, generation=begun.generation)
    return Claimed(n, run, came.wake, [started, *facts], came.signals)


def claimed_at_start(run: NewRun, n: int, owner: str) -> Claimed:
    """Return a run that was just inserted under a number and is owned by a worker: it need not be read again."""
    first = Fact(0, FactKind.STARTED, "", run.at, 1, run.started.body, run.started.payload)
    begun = Run(
        id=run.id, workflow=run.workflow, version=run.version, state=RunState.RUNNING, epoch=1, queue=run.queue,
        priority=run.priority, created_at=run.at, ended_at=None, wake_at=None, parent=run.parent, root=run.root,
        tenant=run.tenant, principal=run.principal, owner=owner, facts=1, reason="", tag=run.tag,
        affinity=run.affinity,
    )  # fmt: skip
    return Claimed(n, begun, 0, [first], [])
