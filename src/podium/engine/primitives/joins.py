"""Branches side by side: started together, joined in an order that is recorded."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from podium.engine.primitives.branch_group import BranchEnd, BranchGroup
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import opened_as
from podium.engine.run.primitive import Primitive
from podium.errors import CallError, CallRefused, NotAwaitable, PodiumError, TooFew, UsageError
from podium.model.expected import COUNT, FLAG, Expected, or_none
from podium.model.facts.choices import GatherFailed, JoinChoice, QuorumReached, RaceWon
from podium.model.facts.content import FactContent
from podium.model.rule_names import FAN_OUT

T = TypeVar("T")
C = TypeVar("C", bound=FactContent)


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


_MAPPED = Expected(
    "a list of inputs, such as [first, second]",
    lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes),
)


def spread(inputs: Iterable[T], concurrency: int | None) -> Iterable[T]:
    """Return the inputs of a map; raises UsageError for what has no order that lasts, and for a text."""
    or_none(COUNT).check("concurrency of a map", concurrency)
    if isinstance(inputs, set | frozenset):
        raise UsageError("map was given a set, whose order another process does not know: sort it, `sorted(inputs)`.")
    _MAPPED.check("what is mapped", inputs)
    return inputs


def check_fan_out(active: ActiveRun, items: Sequence[Primitive[Any]], path: str, before: int = 0) -> None:
    """Raise CallRefused for more branches than a budget allows beside those `before`: they need not be awaited then.

    What is recorded of a branch that was added, by a version that did not count it, goes on.
    """
    most, count = active.budget.get("fan_out"), before + len(items)
    if most is None or count <= most or (before and all(each.key in active.history.records for each in items)):
        return
    for each in items:
        each.branch.unawaited.pop(each.key, None)
    branches = "branches of one select" if before else "branches at once"
    raise CallRefused(f"{count} {branches}, and the budget of the run allows {most}", rule=FAN_OUT, key=path)


def check_quorum(quorum: object, most: int) -> None:
    """Raise NotAwaitable where not so many branches can answer."""
    if not COUNT.fits(quorum) or not 1 <= cast("int", quorum) <= most:
        raise NotAwaitable(f"quorum={quorum!r} of {most} branches: expected a number from 1 to {most}")


def recorded_choice(active: ActiveRun, key: str, shape: type[C], now: str) -> C | None:
    """Return the choice between branches that is recorded under a key, or None; `now` describes it.

    Other than what `Recorded` hands back, a choice is made again: its branches are replayed, and come to the same end.
    """
    record = active.history.take(key)
    if record is None or record.opened is None or key in active.history.unclaimed:
        return None  # a retry voids choices: what is recorded here is something else
    opened_as(record, key, shape, now)
    said = record.opened.content
    return said if isinstance(said, shape) else None


def record_choice(active: ActiveRun, key: str, said: JoinChoice) -> None:
    """Record a choice between branches."""
    if key in active.history.unclaimed:
        active.overturn(key)
    active.journal.append(said, key)


class Join(Primitive[T], Generic[T]):
    """The common part of gather, race and quorum: a team, and a choice that is recorded once it is made."""

    __slots__ = ("at_once", "items")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]],
        at_once: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.items = items
        self.at_once = at_once

    def close(self) -> None:
        """Say that neither it nor what it joins is wanted."""
        super().close()
        for item in self.items:
            item.close()

    def recorded(self, shape: type[C]) -> C | None:
        """Return the choice that is recorded under this key, or None."""
        return recorded_choice(self.active, self.key, shape, "a join of branches")

    async def choose(self, team: BranchGroup[Any], said: JoinChoice, known: JoinChoice | None) -> None:
        """Record a choice, unless it is recorded; then cancel the other branches and wait for them."""
        if known is None:
            record_choice(self.active, self.key, said)
        await team.dismiss(self.key)


class Gather(Join[list[Any]]):
    """All values in order; the first failure cancels the others and is raised."""

    __slots__ = ("return_exceptions",)

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]], *,
        at_once: int | None = None, return_exceptions: bool = False,
    ) -> None:  # fmt: skip
        FLAG.check("return_exceptions", return_exceptions)
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
        failures: list[Exception] = []
        while (ended := await team.next()) is not None:
            if ended.error is not None:
                failures.append(ended.error)
            if ended.cancelled or ended.error is not None:
                continue
            if known is None:
                await self.active.gate.passed()
            if known is None or known.winner == ended.index:
                await self.choose(team, RaceWon(winner=ended.index, key=self.items[ended.index].key), known)
                return ended.value()
        team.disband(self.key)
        if not failures:
            raise CallError(f"{self.key}: a race without branches has no winner")
        last = failures[-1]
        if isinstance(last, PodiumError):  # all of them are asked again by a retry
            last.keys = tuple(key for each in failures if isinstance(each, PodiumError) for key in each.keys)
        raise last


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
            elif not ended.cancelled and (known is None or ended.index in known.winners):
                values[ended.index] = ended.value()
        if len(values) == self.k:
            if known is None:
                await self.active.gate.passed()
            await self.choose(team, QuorumReached(winners=tuple(sorted(values))), known)
            return sorted(values.items())
        team.disband(self.key)
        why = "; ".join(map(str, failures))
        raise TooFew(f"{self.key}: wanted {self.k} answers, got {len(values)}: {why}", failures)
