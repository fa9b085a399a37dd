"""Child runs: a journal, an epoch and a place in the queue of their own."""

from typing import Any, Generic, NoReturn, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.history import opened_as
from podium.engine.run.primitive import Primitive
from podium.engine.run.reservations import carved_from, reserve, share_of
from podium.engine.run.starting import Above, new_run
from podium.errors import CallRefused, RunCancelled, RunFailed, UsageError
from podium.model.agent import AnyAgent
from podium.model.budget import Breach, BudgetState, limits_of
from podium.model.fact import FactKind
from podium.model.ids import child_run_id
from podium.model.json import Json
from podium.model.run import RunOptions, RunState
from podium.store.codec import decode, encode
from podium.store.operations import Spawn, TakeSignal

T = TypeVar("T")


class ChildRun(Generic[T]):
    """A child run that was started."""

    __slots__ = ("_child", "_context", "id")

    def __init__(self, id: str, child: AnyAgent, context: Any) -> None:
        self.id = id
        self._child = child
        self._context = context

    def result(self) -> "ChildResult[T]":
        """Wait for its result; raises RunFailed or RunCancelled where it has none."""
        return self._context.child_result(self.id, self._child)


class SpawnChild(Primitive[ChildRun[T]], Generic[T]):
    """Starts a child run in the transaction of its fact."""

    __slots__ = ("child", "context", "input", "options")

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
        """Return a handle to it; the child may not have begun yet."""
        active, key, card = self.active, self.key, self.child.card
        if card.anonymous:
            raise UsageError(f'{card.name} has no name to be found by after a crash: give it one, name="…".')
        run_id = child_run_id(active.run.id, key)
        active.runtime.dispatcher.route(self.child)
        active.runtime.serve(self.child)
        record = active.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.SPAWNED, f"a child run of {card.name}", workflow=card.name)
            if record.cancelled:
                branch.deliver(key)
            if record.answered is not None:
                body = record.answered.body
                raise CallRefused(body["reason"], rule=body["rule"], key=key)
            if record.opened is not None:
                run_id = record.opened.body["run"]
        if record is None or record.opened is None:
            await active.live(branch, key)
            payload = encode(self.child.input.dump(self.input))
            if len(self.context.callers) >= (most := active.runtime.max_depth):
                why = f"{card.name} would be {len(self.context.callers) + 1} workflows deep; most_depth allows {most}"
                await self._refuse(branch, "depth", why)
            await self._carve(branch, run_id)
            at, seed = active.runtime.clock.now(), active.chance(key).getrandbits(63)
            context = self.context
            above = Above(
                run=active.run, callers=context.callers, deadline=context.deadline, lines=active.lines,
                budget=active.budget,
            )  # fmt: skip
            run = new_run(run_id, card, payload, self.options, seed=seed, at=at, above=above)
            body = {"workflow": card.name, "version": card.version, "run": run_id}
            branch.last_at = active.journal.append(FactKind.SPAWNED, key, encode(body), effects=[Spawn(run)])
            active.history.spawned[run_id] = key
            await active.journal.committed()
        return ChildRun(run_id, self.child, self.context)

    async def _carve(self, branch: BranchTask, run_id: str) -> None:
        """Set the child's share aside in the budgets of this run; raises CallRefused where they have no room for it."""
        active, budget, name = self.active, self.options.budget, f"share:{run_id}"
        if budget is None:
            return
        share = limits_of(budget)
        amount, counting = share_of(share), carved_from(active.lines, share)
        if not counting:
            return
        found = await branch.at(self.key, reserve(active, self.key, amount, counting, id=name))
        if isinstance(found, BudgetState):
            await self._refuse(branch, f"budget:{found.id}", str(Breach(found, None)))

    async def _refuse(self, branch: BranchTask, rule: str, reason: str) -> NoReturn:
        """Record that there is no such child run, so that a replay knows it too."""
        body = {"outcome": "refused", "rule": rule, "reason": reason}
        branch.last_at = self.active.journal.append(FactKind.ANSWERED, self.key, encode(body))
        await self.active.journal.committed()
        raise CallRefused(reason, rule=rule, key=self.key)


class ChildResult(Primitive[T], Generic[T]):
    """Waits for the end of a child run."""

    __slots__ = ("child", "run")

    waits = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, run: str, child: AnyAgent
    ) -> None:
        super().__init__(active, branch, path, key)
        self.run = run
        self.child = child

    async def perform(self, branch: BranchTask) -> T:
        """Return the child's value; raises RunFailed or RunCancelled."""
        active, key = self.active, self.key
        record = active.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.WAITING, f"a wait for run {self.run}", name=self.run)
            if record.answered is not None:
                branch.last_at = record.answered.at
                return self._value(decode(record.answered.payload))
            if record.cancelled:
                branch.deliver(key)
        await active.live(branch, key)
        if record is None or record.opened is None:
            active.journal.append(FactKind.WAITING, key, encode({"wait": "run", "name": self.run, "due": None}))
        signal = await active.mailbox.wait(branch, key, "child", self.run, None)
        assert signal is not None  # there is no deadline
        active.history.spawned.pop(self.run, None)
        body = {"outcome": "done", "signal": signal.id}
        branch.last_at = active.journal.append(
            FactKind.ANSWERED, key, encode(body), encode(signal.body), [TakeSignal(signal.id)]
        )
        await active.journal.committed()
        return self._value(signal.body)

    def _value(self, outcome: Json) -> T:
        if outcome["state"] == RunState.DONE:
            return self.child.output.load(outcome["value"])
        if outcome["state"] == RunState.CANCELLED:
            raise RunCancelled(f"child run {self.run} was cancelled", run=self.run)
        raise RunFailed(f"child run {self.run} failed: {outcome['reason']}", run=self.run, key=self.key)
