"""Child runs: a journal, an epoch and a place in the queue of their own."""

import asyncio
import sys
from dataclasses import replace
from typing import Any, Generic, NoReturn, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.before_fork import child_at, in_place_of
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import describe
from podium.engine.run.inputs import as_recorded
from podium.engine.run.key_state import KeyState, asking_child, asking_result
from podium.engine.run.keys import context_of
from podium.engine.run.recorded import Recorded, restored
from podium.engine.run.reservations import Wish, carved_from, reserve, share_of
from podium.engine.run.starting import Above, new_run
from podium.errors import CallRefused, Diverged, InvalidValue, NotPossible, RunCancelled, RunFailed, UsageError
from podium.model.agent import AnyAgent, must_be_agent
from podium.model.budget import Breach, Scarcity, limits_of
from podium.model.budget_ids import share_of_run
from podium.model.expected import NAME, or_none
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredRefused
from podium.model.facts.runs import Started
from podium.model.facts.waits import ChildAwaited, ChildSpawned
from podium.model.ids import child_run_id
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.model.rule_names import DEPTH, FAN_OUT, budget_rule
from podium.model.run import RunOptions, RunState
from podium.model.storable import check_name
from podium.store.codec import decode, encode, input_digest
from podium.store.inserting import NewRun
from podium.store.operations import Spawn, TakeSignal

T = TypeVar("T")


def check_child(workflow: AnyAgent, run_id: str | None = None) -> None:
    """Raise UsageError for what cannot be a child run: only workflows can be started as runs."""
    must_be_agent(workflow)
    if not workflow.card.traits.runs_inline:
        name = workflow.card.name
        raise UsageError(
            f"{name} is an agent, not a workflow: only a workflow can be a run. Write `ctx.call({name}, …)`."
        )
    or_none(NAME).check("the id of the child run", run_id)


class ChildRun(Generic[T]):
    """A child run that was started."""

    __slots__ = ("_active", "_child", "_context", "id")

    def __init__(self, id: str, child: AnyAgent, context: Any, active: ActiveRun) -> None:
        self.id = id
        self._child = child
        self._context = context
        self._active = active

    def detach(self) -> None:
        """Let it go on by itself: no cancel of this run reaches it, and the run may restart before it has ended."""
        self._active.history.spawned.pop(self.id, None)

    def result(self) -> "ChildResult[T]":
        """Wait for its result; raises RunFailed or RunCancelled where it has none."""
        result = self._context.child_result(self.id, self._child)
        caller = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as for what the context is asked
        result.branch.unawaited[result.key] = caller.f_code, caller.f_lasti
        return result


class SpawnChild(Recorded[ChildRun[T]], Generic[T]):
    """Starts a child run in the transaction of its fact."""

    __slots__ = ("child", "context", "input", "options")

    opens = ChildSpawned
    opening_ends_it = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, child: AnyAgent, input: Any,
        options: RunOptions, context: Any,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.child = child
        self.input = input
        self.options = options
        self.context = context

    async def perform(self, branch: BranchTask) -> ChildRun[T]:
        """Return a handle to it; the child may not have begun yet. This process drives such runs from now on."""
        card, runtime = self.child.card, self.active.runtime
        if card.anonymous:
            raise UsageError(f'{card.name} has no name to be found by after a crash: give it one, name="…".')
        runtime.dispatcher.route(self.child)
        runtime.serve(self.child)
        return await super().perform(branch)

    def described(self) -> str:
        """Return which workflow it starts."""
        return f"a child run of {self.child.card.name}"

    def identity(self) -> dict[str, object]:
        """Return the name of the workflow."""
        return {"workflow": self.child.card.name}

    def check(self, record: KeyState) -> None:
        """Raise Diverged unless the journal has this workflow, with this input, under the key."""
        super().check(record)
        said = None if record.opened is None else record.opened.content
        known = said.digest if isinstance(said, ChildSpawned) else None
        if known is None:
            return
        try:
            plain, _ = as_recorded(self.child, self.input, lambda plain, _: input_digest(plain) == known)
        except InvalidValue as error:
            raise Diverged(self.key, self.described(), str(error)) from error
        if input_digest(plain) != known:
            raise Diverged(self.key, f"{self.described()} with another input", self.described())

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> ChildRun[T]:
        """Return the handle; raises CallRefused if the budgets of this run had no room for the child."""
        match end.content:
            case AnsweredRefused(rule=rule, reason=reason):
                raise CallRefused(reason, rule=rule, key=self.key)
            case ChildSpawned(run=run):
                return ChildRun(run, self.child, self.context, self.active)
            case _:
                raise Diverged(self.key, describe(end), self.described())

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> ChildRun[T]:
        """Insert the child run, once its share of the budgets is set aside."""
        active, key, card, context = self.active, self.key, self.child.card, self.context
        if not self._was_left_behind():
            await active.live(branch, key)
        elif active.dry:
            return ChildRun(self._own_id(), self.child, context, active)
        self._check_names()
        plain = self.child.input.dump(self.input)
        digest = input_digest(plain)
        if (found := active.taken_over(key, asking_child(card.name, digest))) is not None:
            return await self._take_over(branch, found[0], found[1])
        run_id = self._own_id()
        payload = encode(plain)
        if len(context.callers) >= (most := active.runtime.max_depth):
            why = f"{card.name} would be {len(context.callers) + 1} workflows deep; max_depth allows {most}"
            await self._refuse(branch, "depth", why)
        if (shape := self._out_of_shape(len(context.callers) + 1)) is not None:
            await self._refuse(branch, *shape)
        active.history.spawned[run_id] = key  # it counts from now on, whatever this waits for
        try:
            await self._carve(branch, run_id)
        except BaseException:
            del active.history.spawned[run_id]
            raise
        at, seed = active.runtime.clock.now(), active.chance(key).getrandbits(63)
        above = Above(
            run=active.run, callers=context.callers, deadline=context.deadline, lines=active.lines,
            budget=active.budget, allow=active.journal.allowed.at(key),
        )  # fmt: skip
        trace = _traceparent(active, key)
        run = new_run(run_id, card, payload, self.options, seed=seed, at=at, above=above, trace=trace)
        run = await self._in_place_of_another(run, digest)
        said = ChildSpawned(workflow=card.name, version=card.version, run=run_id, digest=digest)
        await self.end_with(branch, said, None, [Spawn(run)])
        return ChildRun(run_id, self.child, context, active)

    def _out_of_shape(self, depth: int) -> tuple[str, str] | None:
        """Return the rule, and the reason, by which the budget of the run allows no child so deep, or none more."""
        budget, name = self.active.budget, self.child.card.name
        if (most := budget.get("depth")) is not None and depth > most:
            way = " > ".join([*self.context.callers, name])
            return DEPTH, f"{way} is deeper than the {most} that the budget allows"
        open_here = [key for key in self.active.history.spawned.values() if context_of(key) == context_of(self.key)]
        if (most := budget.get("fan_out")) is not None and len(open_here) >= most:
            return FAN_OUT, f"{len(open_here) + 1} child runs at once, and the budget of the run allows {most}"
        return None

    def _check_names(self) -> None:
        """Raise InvalidValue for a name with a secret in it; what the run inherits it has already."""
        queue, turn = self.options.queue, self.options.turn
        if queue != self.active.run.queue:
            check_name("the queue of the child run", queue)
        if turn is not None:
            check_name("the conversation of the child run", turn.name)

    def _own_id(self) -> str:
        return child_run_id(self.active.run.id, self.key, self.active.history.unclaimed.spawned_at(self.key))

    def _was_left_behind(self) -> bool:
        """Whether a fork has it started anew, before what else is recorded: the code waits for none of that here."""
        started = None if self.active.history.started is None else self.active.history.started.content
        return self.active.gate.replaying and isinstance(started, Started) and self.key in started.left_behind

    async def _take_over(self, branch: BranchTask, place: str, spawned: Fact) -> ChildRun[T]:
        """Have the child run be the one that was spawned with this input elsewhere, before a retry."""
        said = spawned.content
        assert isinstance(said, ChildSpawned)  # that is what is taken over for one who spawns
        self.active.history.spawned[said.run] = self.key
        await self.end_with(branch, replace(said, taken_from=place))
        return ChildRun(said.run, self.child, self.context, self.active)

    async def _in_place_of_another(self, run: NewRun, digest: str) -> NewRun:
        """Have a child run of a fork know what that did which the other run spawned: not to do it again unasked."""
        active = self.active
        store, known = active.runtime.store, active.history.started
        other, workflow = None if known is None else _forked_from(known), self.child.card.name
        while other is not None and (facts := await store.facts(other)):
            if (child := child_at(facts, self.key, workflow, digest)) is not None:
                did = await store.facts(child)
                return in_place_of(run, child, did, active.runtime.dispatcher.registry) if did else run
            other = _forked_from(facts[0])
        return run

    async def _carve(self, branch: BranchTask, run_id: str) -> None:
        """Set the child's share aside in the budgets of this run; raises CallRefused where they have no room for it."""
        active, budget, name = self.active, self.options.budget, share_of_run(run_id)
        if budget is None:
            return
        share = limits_of(budget)
        amount, counting = share_of(share), carved_from(active.lines, share)
        if not counting:
            return
        wish = Wish(key=self.key, amount=amount, lines=counting, share=name, until=self.context.deadline)
        found = await branch.at(self.key, reserve(active, branch, wish))
        if isinstance(found, Scarcity):
            await self._refuse(branch, budget_rule(found.state.id), str(Breach(found.state, None)))

    async def _refuse(self, branch: BranchTask, rule: str, reason: str) -> NoReturn:
        """Record that there is no such child run, so that a replay knows it too."""
        branch.last_at = self.active.journal.append(AnsweredRefused(rule=rule, reason=reason), self.key)
        await self.active.journal.committed()
        raise CallRefused(reason, rule=rule, key=self.key)


class ChildResult(Recorded[T], Generic[T]):
    """Waits for the end of a child run."""

    __slots__ = ("child", "run")

    opens = ChildAwaited
    waits = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, run: str, child: AnyAgent
    ) -> None:
        super().__init__(active, branch, path, key)
        self.run = run
        self.child = child

    def described(self) -> str:
        """Return which run it waits for."""
        return f"a wait for run {self.run}"

    def identity(self) -> dict[str, object]:
        """Return the id of the child run."""
        return {"name": self.run}

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> T:
        """Return the child's value; raises RunFailed or RunCancelled."""
        return self._value(decode(end.payload))

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> T:
        """Wait for the child, and return its value; raises RunFailed or RunCancelled."""
        await self.active.live(branch, self.key)
        active = self.active
        if record is None or record.opened is None:
            if (found := active.taken_over(self.key, asking_result(self.run))) is not None:
                active.journal.append(ChildAwaited(name=self.run, taken_from=found[0]), self.key)
                active.history.spawned.pop(self.run, None)
                await self.end_with(branch, AnsweredDone(), found[1].payload)
                return self._value(decode(found[1].payload))
            self._check_known()
            active.journal.append(ChildAwaited(name=self.run), self.key)
            if active.history.retried and (outcome := await self._failed_for_good()) is not None:
                await self.end_with(branch, AnsweredDone(), encode(outcome))
                return self._value(outcome)
        signal = await active.mailbox.wait(branch, self.key, "child", self.run, None)
        assert signal is not None  # there is no deadline
        active.history.spawned.pop(self.run, None)
        await self.end_with(branch, AnsweredDone(signal=signal.id), encode(signal.body), [TakeSignal(signal.id)])
        return self._value(signal.body)

    def _check_known(self) -> None:
        """Raise UsageError for a run that tells this one nothing, or has told it all: the wait would have no end."""
        history = self.active.history
        elsewhere = self.active.mailbox.is_awaited("child", self.run)
        if not elsewhere and (self.run in history.spawned or self.active.mailbox.holds("child", self.run)):
            return
        if not self.run.startswith(f"{self.active.run.id}."):
            raise UsageError(
                f"{self.run} is no child run of {self.active.run.id}: await `(await ctx.spawn(…)).result()`."
            )
        if elsewhere or not history.retried:
            raise UsageError(f"child run {self.run} is not known, or its result is awaited elsewhere: keep its value.")

    async def _failed_for_good(self) -> Json:
        """Have a child that has failed go on, for its parent was retried; returns its outcome where it cannot."""
        active, runtime = self.active, self.active.runtime
        await active.caught_up()
        if active.mailbox.holds("child", self.run):
            return None  # it has told how it ended since then
        run = await runtime.store.run(self.run)
        if run is None or run.state is not RunState.FAILED:
            return None
        try:
            await asyncio.shield(runtime.retry_run(self.run))  # not to be left half done
        except NotPossible as error:
            return {"state": run.state, "value": None, "reason": f"{run.reason} ({error})"}
        return None

    def _value(self, outcome: Json) -> T:
        if outcome["state"] == RunState.DONE:
            return restored(self.key, self.child.output, outcome["value"])
        if outcome["state"] == RunState.CANCELLED:
            raise RunCancelled(f"child run {self.run} was cancelled", run=self.run)
        raise RunFailed(
            f"child run {self.run} failed: {outcome['reason']}", run=self.run, key=self.key,
            recorded=outcome.get("traceback", ""), kind=outcome.get("kind", FailureKind.BUG),
        )  # fmt: skip


def _forked_from(first: Fact) -> str | None:
    return first.content.forked_from if isinstance(first.content, Started) else None


def _traceparent(active: ActiveRun, key: str) -> str | None:
    """Return the place in a trace of a child run that is spawned at a key.

    Where nobody observes this process, that is what the run itself was given.
    """
    if active.trace is not None:
        return active.trace.traceparent(key)
    started = None if active.history.started is None else active.history.started.content
    return started.trace if isinstance(started, Started) else None
