"""Changing a run from outside: retry, fork, repin. Facts are never changed, only voided for replay or copied."""

from collections.abc import Sequence
from dataclasses import replace

from podium.engine.run.before_fork import DoneBefore, done_in, known_before
from podium.engine.run.deadline import deadline_of
from podium.engine.run.held_turns import turns_in
from podium.engine.run.history import OPENING
from podium.engine.run.keys import belongs
from podium.engine.run.reopening import reopened, standing, voided, withdrawn
from podium.engine.run.reservations import carved_from, reserved, share_of
from podium.engine.run.undone import is_undo, undid_all, undone_in
from podium.engine.worker.waiters import ended_as, last_of
from podium.engine.worker.worker import Worker
from podium.errors import NotPossible, UnknownRun
from podium.model.budget import Amount, Breach
from podium.model.budget_ids import budget_of_run, share_of_run
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind, started_of
from podium.model.facts.notices import RunDiscarded
from podium.model.facts.runs import Cancelling, Ended, Repinned, Rewound, Started
from podium.model.facts.waits import ChildAwaited, ChildSpawned, QuestionAsked, SignalAwaited
from podium.model.generation import generation_of, in_generation, since_generation, versions_in
from podium.model.run import BlockedReason, Run, RunState, Signal, child_ended
from podium.operations.budgets import raised_since, raising, was_raised
from podium.operations.editing import Edited, edited_input
from podium.operations.forking import begins_as, begun_effects, run_to_fork, shared_with_fork
from podium.operations.redactor import refuse_redacted
from podium.store.conversing import ReleaseTurn
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import (
    CommitVerdict,
    Effect,
    OpenBudget,
    RaiseBudget,
    Release,
    Reserve,
    Start,
    TakeSignal,
    Tell,
    Write,
)
from podium.store.protocol import BudgetQuery, Claimed
from podium.telemetry.context import place_of_run

_FROM_OUTSIDE = (SignalAwaited, ChildAwaited, ChildSpawned, QuestionAsked)


class Operator:
    """Takes a run that nobody drives, changes it, and gives it back."""

    def __init__(self, worker: Worker, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock

    async def retry(self, run_id: str) -> None:
        """Have a failed or blocked run go on from what failed; raises NotPossible for others.

        Child runs that made it fail, or were stopped with it, are retried too.
        """
        claimed = await self._claim(run_id, {RunState.FAILED, RunState.BLOCKED})
        facts = claimed.facts
        try:
            refuse_redacted(run_id, facts)
            _refuse_undone(run_id, facts)
            rewound = failure_of_run(facts)
            awaited = failed_with(facts, () if rewound is None else rewound.facts)
            children = [child for child in awaited if await self._has_failed(child)]
            for child in children:
                await self._refuse_child(child)
            await self._share_again(claimed)
            for child in children:
                await self.retry(child)
            heard = [child for child in awaited if child not in children]
            heard += [child for child in not_awaited(facts) if not await self._has_failed(child)]
            ends = [await self._end_of(child) for child in heard]
        except NotPossible:
            await self._give_back(claimed)
            raise
        due = deadline_of(facts)
        if due is not None:
            rewound = replace(rewound or Rewound(), deadline=due.renewed(self._clock.now()).at)
        told = {signal.id: Tell(run_id, signal) for signal in ends if signal is not None}
        stale = [
            TakeSignal(each.id)
            for each in claimed.signals
            if each.kind == "child" and each.name in awaited and each.id not in told
        ]
        said = [] if rewound is None else [NewFact.saying(rewound, "", self._clock.now())]
        await self._release(claimed, said, claimed.run.version, [*stale, *told.values()])

    async def _share_again(self, claimed: Claimed) -> None:
        """Carve the budget of a child run out again: what it left was given back when it ended.

        First those of the runs above it that have ended too: it spends from them, and they from others. Raises
        NotPossible where there is no room.
        """
        runs, store = [claimed.run], self._worker.store
        while (parent := runs[-1].parent) is not None and (above := await store.run(parent)) is not None:
            runs.append(above)
        for run in reversed(runs):
            if run.state.ended and run.parent is not None:
                facts = claimed.facts if run is claimed.run else await store.generation(run.id)
                await self._carve_again(claimed, run, run.parent, facts)

    async def _carve_again(self, claimed: Claimed, run: Run, parent: str, facts: Sequence[Fact]) -> None:
        store, share = self._worker.store, share_of_run(run.id)
        own = next((line for line in started_of(facts).lines if line.id == budget_of_run(run.id)), None)
        if own is None:
            return
        [state] = [each for each in (await store.budgets(BudgetQuery(prefix=own.id))).items if each.id == own.id]
        limits = raised_since(own.limits, facts)
        left = share_of(limits, state.spent)
        if not (counting := carved_from(started_of(await store.generation(parent)).lines, limits)):
            return
        fact, opens = reserved(share, "", left, counting, self._clock.now()), limits.at_least(state.spent)
        wanted = Reserve(
            run=claimed.n, epoch=claimed.run.epoch, id=share, lines=counting, amount=left, fact=fact,
            opens=OpenBudget(own.id, opens),
        )  # fmt: skip
        verdict, committed = await self._worker.commits.submit(wanted)
        if verdict is CommitVerdict.SCARCE:
            why, whose = Breach(committed.scarce[share], None), "its budget"
            if run is not claimed.run:
                whose = f"the budget of run {run.id}, from which it spends"
            raise NotPossible(f"run {claimed.run.id} cannot be retried, for there is no room for {whose}: {why}")

    async def raise_budget(self, run_id: str, more: Amount, *, by: str, why: str, once: str | None = None) -> None:
        """Add to the own budget of a failed or blocked run, to be retried then; raises NotPossible for others.

        What is said under the same `once` is added once: nothing happens where the run has it, however it stands now.
        """
        if once is not None and was_raised(await self._worker.store.facts(run_id), once, more):
            return
        claimed = await self._claim(run_id, {RunState.FAILED, RunState.BLOCKED})
        run, own = claimed.run, budget_of_run(run_id)
        limits = next((line.limits for line in started_of(claimed.facts).lines if line.id == own), None)
        try:
            changes = raising(run_id, limits, more, by=by, why=why, once=once)
        except NotPossible:
            await self._give_back(claimed)
            raise
        given_back = run.state is RunState.FAILED and run.parent is not None  # its share: a retry carves it out anew
        effects: list[Effect] = [] if given_back else [RaiseBudget(own, more)]
        close = Release(run.state, run.reason, run.version, run.ended_at)
        fact = NewFact.saying(changes, "", self._clock.now())
        await self._worker.commits.submit(Write(claimed.n, run.epoch, [fact], effects, close))

    async def _refuse_child(self, run_id: str) -> None:
        """Raise NotPossible where a failed child run, or one below it, cannot be retried: before any of them is."""
        facts = await self._worker.store.generation(run_id)
        refuse_redacted(run_id, facts)
        _refuse_undone(run_id, facts)
        rewound = failure_of_run(facts)
        for child in failed_with(facts, () if rewound is None else rewound.facts):
            if await self._has_failed(child):
                await self._refuse_child(child)

    async def _has_failed(self, run_id: str) -> bool:
        run = await self._worker.store.run(run_id)
        return run is not None and run.state is RunState.FAILED

    async def _end_of(self, child: str) -> Signal | None:
        """Return what tells that a child run has ended, if it has: whoever awaits it may have ended itself by then."""
        store = self._worker.store
        run = await store.run(child)
        if run is None or not run.state.ended:
            return None
        outcome = ended_as(run, await last_of(store, run))
        return child_ended(child, run.facts, outcome, self._clock.now())

    async def discard(self, run_id: str, *, by: str, why: str) -> None:
        """Say that nobody will see to a failed or quarantined run any more; raises NotPossible for others."""
        claimed = await self._claim(run_id, {RunState.FAILED, RunState.BLOCKED})
        run = claimed.run
        if run.state is RunState.BLOCKED and run.blocked is not BlockedReason.QUARANTINED:
            await self._give_back(claimed)
            raise NotPossible(f"run {run_id} is blocked, not dead: it goes on once its code is there. {run.reason}")
        if discarded := discarded_in(claimed.facts):
            await self._give_back(claimed)
            raise NotPossible(f"run {run_id} was discarded already, by {discarded.by}: {discarded.why}")
        notice = NewFact.saying(RunDiscarded(by=by, why=why), "", self._clock.now())
        turns = [ReleaseTurn(key, notice.at) for key in turns_in(claimed.facts)]
        close = Release(run.state, run.reason, run.version, run.ended_at)
        await self._worker.commits.submit(Write(claimed.n, run.epoch, [notice], [*turns], close))

    async def repin(self, run_id: str, version: str, from_key: str | None = None) -> None:
        """Move a run to another version of its workflow.

        Its journal is replayed dry first; raises NotPossible where the code does not fit it. With `from_key` all that
        was recorded since that call began is voided, and done again: effects declared `once` not without asking.
        """
        registry = self._worker.dispatcher.registry
        run = await self._worker.store.run(run_id)
        if run is not None:
            registry.get(run.workflow, version)
        claimed = await self._claim(run_id, {RunState.BLOCKED, RunState.PARKED, RunState.READY})
        rewound: list[Rewound] = []
        try:
            if from_key is not None:
                _refuse_any_undone(run_id, claimed.facts)
                _refuse_earlier(claimed.run, from_key)
                rewound = [rewound_to(claimed.facts, from_key)]
            moved, now, end = replace(claimed.run, version=version), self._clock.now(), claimed.facts[-1].seq + 1
            known = [*claimed.facts, *(Fact.saying(each, seq=end, at=now, epoch=moved.epoch) for each in rewound)]
            await self._must_replay(Claimed(claimed.n, moved, claimed.wake, known, []))
        except NotPossible:
            await self._give_back(claimed)
            raise
        said = [*rewound, Repinned(before=claimed.run.version, after=version)]
        void = {place for each in rewound for place in each.facts}
        turns = [ReleaseTurn(key, now) for key in turns_in([fact for fact in claimed.facts if fact.seq in void])]
        await self._release(claimed, [NewFact.saying(each, "", now) for each in said], version, turns)

    async def _must_replay(self, claimed: Claimed) -> None:
        mismatch = await self._worker.replays(claimed)
        if mismatch:
            run = claimed.run
            raise NotPossible(f"run {run.id} cannot go on under version {run.version}: {mismatch}")

    async def fork(self, run_id: str, key: str, edited: Edited | None = None, *, into: str) -> str:
        """Start a new run that shares what came before the call at `key`; returns its id, which is `into`.

        Where there is a run of that id it is left as it is; raises NotPossible where that is another fork.

        Effects declared `once` that the old run had after the cut are not done again without asking. The call at `key`
        may be given another input.
        """
        run = await run_to_fork(self._worker.store, run_id)
        facts = await self._worker.store.facts(run_id)
        refuse_redacted(run_id, facts)
        void = voided(facts)
        ended_before = sum(fact.kind is FactKind.ENDED and fact.seq in void for fact in facts)
        generation = generation_of(key)
        version = next(versions_in(in_generation(facts, generation)), run.version)
        facts = since_generation(facts, generation)
        loose = standing(facts).loose
        facts = [fact for fact in facts if fact.seq not in void]
        after = set(since(facts, key))
        kept = [fact for fact in facts if fact.seq not in after]
        shared = shared_with_fork(kept[1:], loose, undone_in(facts))
        staying = {fact.seq for fact in shared.facts}
        before, keys = started_of(facts), {fact.key for fact in shared.facts}
        done = done_in([fact for fact in facts if fact.seq not in staying], self._worker.dispatcher.registry)
        known = {key: agent for key, agent in known_before(before).items() if key not in keys}
        said = replace(
            DoneBefore(known | done.calls, done.steps).noted(before), forked_from=run.id,
            left_behind=tuple(sorted({*shared.left_behind, *before.left_behind} - keys)),
            trace=place_of_run(run.id, before, ended_before=ended_before).traceparent,
        )  # fmt: skip
        begun = begun_effects([fact for fact in facts if fact.seq in after])
        forked = self._copy(into, run, facts[0], said, [*shared.facts, *begun])
        forked = replace(forked, generation=generation, version=version)
        if shared.loose is not None:  # places from 0; the first is that of the start
            rewound = NewFact.saying(Rewound(loose=shared.loose + 1), "", self._clock.now())
            forked = replace(forked, facts=[*forked.facts, rewound])
        if edited is not None:
            registry = self._worker.dispatcher.registry
            edit = edited_input(facts[len(kept)], edited.input, registry, self._clock.now())
            forked = replace(forked, facts=[*forked.facts, edit])
        verdict, _ = await self._worker.commits.submit(Start(forked, drive=False))
        if verdict is CommitVerdict.DUPLICATE and not begins_as(await self._worker.store.facts(into), forked):
            raise NotPossible(f"run {into} was forked at another call, or with another input: ask under another name.")
        return forked.id

    def _copy(self, new: str, run: Run, started: Fact, said: Started, facts: Sequence[Fact]) -> NewRun:
        now = self._clock.now()
        own = next((line for line in said.lines if line.id == budget_of_run(run.id)), None)
        if own is not None:  # as much again as the old run had
            anew = replace(own, id=budget_of_run(new))
            said = replace(said, lines=tuple(anew if line is own else line for line in said.lines))
        copies = [NewFact(fact.kind, fact.key, fact.at, fact.text, fact.payload) for fact in facts]
        return NewRun(
            id=new, workflow=run.workflow, version=run.version, queue=run.queue, priority=run.priority,
            affinity=run.affinity, tenant=run.tenant, principal=run.principal, parent=None, root=new, tag=None, at=now,
            started=NewFact.saying(said, "", started.at, started.payload), facts=copies,
            limits=None if own is None else own.limits,
        )  # fmt: skip

    async def _claim(self, run_id: str, states: set[RunState]) -> Claimed:
        run = await self._worker.store.run(run_id)
        if run is None:
            raise UnknownRun(f"no run is called {run_id!r}. `podium runs list` shows those there are.")
        claimed = await self._worker.store.take_over(run_id, self._worker.id) if run.state in states else None
        if claimed is None:
            wanted = " or ".join(sorted(states))
            raise NotPossible(f"run {run_id} is {run.state}: this is possible for a run that is {wanted}.")
        before = replace(claimed.run, state=run.state, blocked=run.blocked, wake_at=run.wake_at)
        return Claimed(claimed.n, before, claimed.wake, claimed.facts, claimed.signals)

    async def _release(
        self, claimed: Claimed, facts: list[NewFact], version: str, effects: Sequence[Effect] = ()
    ) -> None:
        close = Release(RunState.READY, "", version, None)
        await self._worker.commits.submit(Write(claimed.n, claimed.run.epoch, facts, list(effects), close))

    async def _give_back(self, claimed: Claimed) -> None:
        """Leave a run as it was; one that was parked is looked at again, for it may have been woken meanwhile."""
        run = claimed.run
        state = RunState.READY if run.state is RunState.PARKED else run.state
        close = Release(state, run.reason, run.version, run.ended_at)
        await self._worker.commits.submit(Write(claimed.n, run.epoch, [], [], close))


def failure_of_run(facts: Sequence[Fact]) -> Rewound | None:
    """Return what has to be void so that what made a run fail is done again; None for one that has not ended."""
    gone = standing(facts).gone
    alive = [fact for fact in facts if fact.seq not in gone]
    ends = {fact.seq: said for fact in alive if isinstance(said := fact.content, Ended)}
    if not ends:
        return None
    again = reopened(alive, ends[max(ends)].causes)
    ended = {fact.key for fact in alive if fact.kind is FactKind.ANSWERED}
    open_keys = {fact.key for fact in alive} - ended
    void = {*ends} | again.void | _stopped(alive) | withdrawn(alive, open_keys)
    return Rewound(facts=tuple(sorted(void)), loose=min(again.loose - void, default=None))


def failed_with(facts: Sequence[Fact], void: Sequence[int]) -> list[str]:
    """Return the child runs whose results a run awaits once these facts are void.

    A run whose time was up awaits all whose results it does not have: they were stopped with it.
    """
    before = voided(facts)
    gone = {*before, *void}
    kept = [fact for fact in facts if fact.seq not in gone]
    answered = {fact.key for fact in kept if fact.kind is FactKind.ANSWERED}
    alive = [fact for fact in facts if fact.seq not in before]
    waits = [(fact.key, said.name) for fact in alive if isinstance(said := fact.content, ChildAwaited)]
    known = {child for key, child in waits if key in answered}
    awaited = {child for _, child in waits}
    if _stopped(alive):
        awaited |= {said.run for fact in kept if isinstance(said := fact.content, ChildSpawned)}
    return sorted(awaited - known)


def not_awaited(facts: Sequence[Fact]) -> list[str]:
    """Return the child runs whose results a run has not asked for: what had ended since it failed did not tell it."""
    before = voided(facts)
    alive = [fact.content for fact in facts if fact.seq not in before]
    awaited = {said.name for said in alive if isinstance(said, ChildAwaited)}
    return [said.run for said in alive if isinstance(said, ChildSpawned) and said.run not in awaited]


def _stopped(facts: Sequence[Fact]) -> set[int]:
    """Return what stopped a run whose time was up: the cancel, and what the workflow began to do after it."""
    stopped = (fact.seq for fact in facts if isinstance(said := fact.content, Cancelling) and said.deadline)
    first = next(stopped, None)
    if first is None:
        return set()
    after = [fact for fact in facts if fact.seq >= first]
    begun = {fact.key for fact in after if fact.kind in OPENING}
    stops = (FactKind.CANCELLING, FactKind.CANCELLED)
    return {fact.seq for fact in after if fact.kind in stops or any(belongs(fact.key, key) for key in begun)}


def discarded_in(facts: Sequence[Fact]) -> RunDiscarded | None:
    """Return who discarded a run and why, if that is the last thing that was said of it; else None."""
    told = (fact for fact in reversed(facts) if fact.kind in (FactKind.ENDED, FactKind.NOTICE))
    last = next(told, None)
    return last.content if last is not None and isinstance(last.content, RunDiscarded) else None


def since(facts: Sequence[Fact], key: str) -> list[int]:
    """Return the places of all facts since a call began; raises NotPossible where the run has no such call."""
    first = next((fact.seq for fact in facts if fact.key == key), None)
    if first is None or not key:
        known = ", ".join(dict.fromkeys(fact.key for fact in facts if fact.kind is FactKind.ASKED))
        raise NotPossible(f"the run has no call {key!r}. Its calls: {known or 'none'}.")
    return [fact.seq for fact in facts if fact.seq >= first]


def _refuse_earlier(run: Run, key: str) -> None:
    if (number := generation_of(key)) < run.generation:
        raise NotPossible(f"call {key} is of generation {number}, which is over: the run can only be forked there.")


def rewound_to(facts: Sequence[Fact], key: str) -> Rewound:
    """Return what has to be void so that all is done again since a call began; raises NotPossible for no such call.

    That effects were begun which happen `once` stays known. What came from outside holds where the code asks for the
    same: signals and answers, which nobody gives twice, and child runs, which have effects of their own.
    """
    void = voided(facts)
    after = set(since([fact for fact in facts if fact.seq not in void], key))
    later = [fact for fact in facts if fact.seq in after]
    own = {fact.key for fact in later if fact.kind in OPENING and not isinstance(fact.content, _FROM_OUTSIDE)}
    outside = {fact.key for fact in later if isinstance(fact.content, _FROM_OUTSIDE) and fact.key not in own}
    kept = {fact.seq for fact in [*begun_effects(later), *(fact for fact in later if fact.key in outside)]}
    return Rewound(facts=tuple(sorted(after - kept)), loose=min(after))


def _refuse_any_undone(run_id: str, facts: Sequence[Fact]) -> None:
    if any(is_undo(fact.key) for fact in facts if fact.kind is FactKind.ASKED):
        raise NotPossible(f"run {run_id} has begun to undo what it did: it can only be forked.")


def _refuse_undone(run_id: str, facts: Sequence[Fact]) -> None:
    """Raise NotPossible for a run that undid what it did; workflows in it that did so begin anew when it goes on."""
    gone = standing(facts).gone
    if undid_all([fact for fact in facts if fact.seq not in gone]):
        raise NotPossible(f"run {run_id} has begun to undo what it did: it can only be forked.")
