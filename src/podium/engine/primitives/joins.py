"""Branches side by side: started together, joined in an order that is recorded."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.history import opened_as
from podium.engine.run.primitive import Primitive
from podium.errors import Blocked, CallCancelled, CallError, Evicted, NotAwaitable, StoreError, TooFew, WorkflowError
from podium.model.facts.choices import Chosen, GatherFailed, QuorumReached, RaceWon
from podium.model.facts.content import FactContent

T = TypeVar("T")
C = TypeVar("C", bound=FactContent)


class BranchEnd(Generic[T]):
    """A branch that ended."""

    __slots__ = ("_error", "_value", "branch", "cancelled", "index")

    def __init__(self, index: int, branch: BranchTask) -> None:
        self.index = index
        """Its place among the branches, from 0."""
        self.branch = branch
        self.cancelled = False
        self._value: T | None = None
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """What it failed with."""
        return self._error

    def value(self) -> T:
        """Return what it gave, or raise what it failed with."""
        if self._error is not None:
            raise self._error
        return self._value  # pyright: ignore[reportReturnType] - None only where T admits it

    def end(self, value: T | None, error: Exception | None) -> None:
        """Note how it ended."""
        self._value, self._error = value, error


class BranchGroup(Generic[T]):
    """Strands that run side by side on behalf of one strand, which waits for them."""

    def __init__(
        self, active: ActiveRun, parent: BranchTask, items: Sequence[Primitive[T]], *, at_once: int | None = None,
        most: int | None = None,
    ) -> None:  # fmt: skip
        self.active = active
        self.parent = parent
        self.size = len(items)
        self.started = 0
        """How many branches were begun; with a bound on concurrency the others wait for a place."""
        self._waiting = deque(list(enumerate(items))[:most])
        self._ended: deque[BranchEnd[T]] = deque()
        self._next: asyncio.Future[None] | None = None
        self._running = 0
        self._since = parent.last_at
        self.any_cancelled = False
        """Whether a cancel of the whole strand has reached one of the branches."""
        self._dismissed = False
        self._strands: list[BranchTask] = []
        for item in items:
            item.begin()
        for _ in range(min(len(self._waiting), at_once or self.size)):
            self._start()

    def add(self, item: Primitive[T]) -> int:
        """Start one more branch; returns its index. Not for teams with a bound on concurrency."""
        item.begin()
        index, self.size = self.size, self.size + 1
        self._since = self.parent.last_at
        self._waiting.append((index, item))
        self._start()
        return index

    def _start(self) -> None:
        index, item = self._waiting.popleft()
        branch = BranchTask(self._since)
        if self.parent.cancel is Cancel.REQUESTED:
            branch.cancel = Cancel.REQUESTED
        self.started += 1
        self._strands.append(branch)
        self.parent.children.append(branch)
        self.active.activity.resume()
        self._running += 1
        branch.task = asyncio.create_task(self._perform(BranchEnd(index, branch), item))

    async def _perform(self, ended: BranchEnd[T], item: Primitive[T]) -> None:
        try:
            ended.end(await item.perform(ended.branch), None)
        except Evicted:
            return
        except Blocked as mismatch:
            self.active.block(str(mismatch))
            return
        except StoreError as error:
            self.active.lose(error)
            return
        except CallCancelled:
            ended.cancelled = True
            self.any_cancelled = self.any_cancelled or not self._dismissed
        except asyncio.CancelledError as error:
            if self.active.closed:
                return
            ended.end(None, WorkflowError(f"a branch cancelled itself: {error}"))
        except Exception as error:  # a branch's failure is handed to whoever joins it
            ended.end(None, error)
        except (SystemExit, KeyboardInterrupt) as error:
            ended.end(None, WorkflowError(f"a branch called sys.exit({error})"))
        self._end(ended)

    def _end(self, ended: BranchEnd[T]) -> None:
        self._running -= 1
        self._ended.append(ended)
        if self._waiting:
            self._start()
        if self._next is not None and not self._next.done():
            self.active.activity.resume()
            self._next.set_result(None)
        self.active.activity.idle()

    async def next(self) -> BranchEnd[T] | None:
        """Return the branch that ended next, or None when all have."""
        if not self._ended:
            if not self._running:
                return None
            await self._wait()
        ended = self._ended.popleft()
        self.parent.last_at = max(self.parent.last_at, ended.branch.last_at)
        return ended

    async def nothing_recorded_is_left(self) -> bool:
        """Wait until another branch has ended (False), or until replay is over and none had (True).

        What is decided only then cannot contradict something recorded that replay has not come to yet.
        """
        if not self._ended and self._running and self.active.gate.replaying:
            await self._wait(until_live=True)
        return not self._ended and self._running > 0

    async def _wait(self, *, until_live: bool = False) -> None:
        self._next = asyncio.get_running_loop().create_future()
        if until_live:
            self.active.gate.wake_when_live(self._next)
        self.active.activity.idle()
        try:
            await self._next
        except asyncio.CancelledError:
            if self.active.closed:
                raise Evicted from None
            raise
        if self.active.closed:
            raise Evicted

    async def dismiss(self, by: str) -> None:
        """Cancel the branches that have not ended, start none of those that wait for a place, and wait for the rest."""
        self._dismissed = True
        self._waiting.clear()
        running = [branch for branch in self._strands if branch.task and not branch.task.done()]
        self.active.cancellation.cut(running, by)
        while await self.next() is not None:
            pass
        self._release()

    def disband(self, key: str) -> None:
        """All branches ended: the strand goes on by itself, or is cancelled if one of them was."""
        self._release()
        if self.any_cancelled:
            self.parent.deliver(key)

    def _release(self) -> None:
        """Take the branches from their strand, which may have others: of a selection around this join."""
        if len(self._strands) == len(self.parent.children):
            self.parent.children = []
            return
        mine = set(map(id, self._strands))
        self.parent.children = [branch for branch in self.parent.children if id(branch) not in mine]


def checked(items: Sequence[Primitive[T]], path: str) -> Sequence[Primitive[T]]:
    """Return the items; raises NotAwaitable unless all are calls or branches of the context with this path."""
    given: Sequence[Any] = items
    for item in given:
        if not isinstance(item, Primitive):
            raise NotAwaitable(
                f"expected calls or branches of this context, got {type(item).__name__}. "
                "Pass ctx.call(…) itself, or ctx.branch(function, …) for several steps in a row."
            )
        if item.path != path:
            raise NotAwaitable(f"call {item.key} belongs to another context. Make it with the context that joins it.")
    return items


def recorded_choice(active: ActiveRun, key: str, shape: type[C], now: str) -> C | None:
    """Return the choice between branches that is recorded under a key, or None; `now` describes it.

    Other than what `Recorded` hands back, a choice is made again: its branches are replayed, and come to the same end.
    """
    record = active.history.take(key)
    if record is None or record.opened is None:
        return None
    opened_as(record, key, shape, now)
    said = record.opened.content
    return said if isinstance(said, shape) else None


class Join(Primitive[T], Generic[T]):
    """The common part of gather, race and quorum: a team, and a choice that is recorded once it is made."""

    __slots__ = ("at_once", "items")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]],
        at_once: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.items = checked(items, path)
        self.at_once = at_once

    def recorded(self, shape: type[C]) -> C | None:
        """Return the choice that is recorded under this key, or None."""
        return recorded_choice(self.active, self.key, shape, "a join of branches")

    async def choose(self, team: BranchGroup[Any], said: Chosen, known: Chosen | None) -> None:
        """Record a choice, unless it is recorded; then cancel the other branches and wait for them."""
        if known is None:
            self.active.journal.append(said, self.key)
        await team.dismiss(self.key)


class Gather(Join[list[Any]]):
    """All values in order; the first failure cancels the others and is raised."""

    __slots__ = ("return_exceptions",)

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]], *,
        at_once: int | None = None, return_exceptions: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key, items, at_once)
        self.return_exceptions = return_exceptions

    async def perform(self, branch: BranchTask) -> list[Any]:
        """Run all branches; raises what the first one to fail failed with."""
        known = self.recorded(GatherFailed)
        team = BranchGroup(self.active, branch, self.items, at_once=self.at_once, most=known and known.started)
        values: list[Any] = [None] * team.size
        failed: BranchEnd[Any] | None = None
        while not (failed and await team.nothing_recorded_is_left()) and (ended := await team.next()) is not None:
            if ended.error is None or self.return_exceptions:
                values[ended.index] = ended.error or (None if ended.cancelled else ended.value())
            elif known is None:
                failed = failed or ended
            elif known.failed == ended.index:
                await self.choose(team, known, known)
                raise ended.error
        if failed is not None and failed.error is not None and not team.any_cancelled:
            said = GatherFailed(failed=failed.index, key=self.items[failed.index].key, started=team.started)
            await self.choose(team, said, known)
            raise failed.error
        while await team.next() is not None:
            pass
        team.disband(self.key)
        return values


class Race(Join[Any]):
    """The first value; failures count only if all fail."""

    __slots__ = ()

    waits = True

    async def perform(self, branch: BranchTask) -> Any:
        """Return the value of the winner once the others are cancelled; raises the last failure if all failed."""
        known = self.recorded(RaceWon)
        team = BranchGroup(self.active, branch, self.items)
        last: Exception | None = None
        while (ended := await team.next()) is not None:
            if ended.cancelled or ended.error is not None:
                last = ended.error or last
                continue
            if known is None:
                await self.active.gate.passed()
            if known is None or known.winner == ended.index:
                await self.choose(team, RaceWon(winner=ended.index, key=self.items[ended.index].key), known)
                return ended.value()
        team.disband(self.key)
        raise last or CallError(f"{self.key}: a race without branches has no winner")


class Quorum(Join[list[Any]]):
    """The first `k` values, in the order of the branches, as (index, value)."""

    __slots__ = ("k",)

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]], k: int
    ) -> None:
        super().__init__(active, branch, path, key, items)
        self.k = k

    async def perform(self, branch: BranchTask) -> list[Any]:
        """Return once `k` branches gave a value; raises CallError where too many failed for that."""
        known = self.recorded(QuorumReached)
        team = BranchGroup(self.active, branch, self.items)
        values: dict[int, Any] = {}
        failures: list[Exception] = []
        while len(values) < self.k and (ended := await team.next()) is not None:
            if ended.error is not None:
                failures.append(ended.error)
            elif not ended.cancelled:
                if known is None:
                    await self.active.gate.passed()
                if known is None or ended.index in known.winners:
                    values[ended.index] = ended.value()
        if len(values) == self.k:
            await self.choose(team, QuorumReached(winners=tuple(sorted(values))), known)
            return sorted(values.items())
        team.disband(self.key)
        why = "; ".join(map(str, failures))
        raise TooFew(f"{self.key}: wanted {self.k} answers, got {len(values)}: {why}", failures)
