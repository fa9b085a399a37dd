"""How many of several calls are joined: all, the first few, or those that give a value."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import NoDecision
from podium.patterns.building.partial import SoFar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Generic[T]):
    """What came of asking several, where not all have to answer."""

    values: dict[str, T]
    """What they gave, by name, in the order in which they are asked."""
    missing: dict[str, str]
    """Whose value is not there, by name, and why."""
    merged: object = None
    """What `merge` made of the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a join is complete, and how much of it runs at once."""

    quorum: int | None = None
    partial: bool = False
    at_once: int | None = None
    pattern: str = "parallel"
    """Who joins, for messages."""

    @property
    def forgiving(self) -> bool:
        """Whether it can do without some of the values."""
        return self.partial or self.quorum is not None

    def settled(self, answers: Mapping[str, object], asked: int) -> bool:
        """Whether no further answer can matter: the quorum is there, or can no longer be reached."""
        if self.quorum is None:
            return False
        left = asked - len(answers)
        return not self.quorum - left <= len(_values(answers)) < self.quorum


async def join(
    ctx: Context, calls: Mapping[str, Primitive[object]], terms: Terms, so_far: SoFar[Joined[object]] | None = None
) -> Joined[object]:
    """Run calls side by side; those that can no longer matter are cancelled, or never begun.

    Raises NoDecision where too few gave a value, and a call's failure where all are needed: at once, unless what there
    is `so_far` is wanted.
    """
    wait = terms.forgiving or (so_far is not None and so_far.wanted)
    if terms.quorum is not None and terms.quorum > len(calls):
        raise NoDecision(
            f"{terms.pattern}: {terms.quorum} have to answer, and {len(calls)} can be asked. Lower the quorum."
        )
    if terms.quorum is None and terms.at_once is None:
        ended = await ctx.gather(*calls.values(), return_exceptions=wait)
        answers = dict(zip(calls, ended, strict=True))
    else:
        answers = await _one_by_one(ctx, calls, terms, wait=wait)
    values = _values({name: answers[name] for name in calls if name in answers})
    wanted = terms.quorum or 1
    spare = f"not needed: {len(values)} of {len(calls)} had answered"
    if len(values) < wanted:
        spare = f"cancelled: {wanted} of {len(calls)} could no longer answer"
    missing = {name: str(answers.get(name, spare)) for name in calls if name not in values}
    joined = Joined(values=values, missing=missing)
    if values and so_far is not None:
        so_far.reached(joined)
    if not terms.forgiving:
        for each in answers.values():
            if isinstance(each, Exception):
                raise each
    if missing and len(values) < wanted:
        why = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        raise NoDecision(
            f"{terms.pattern}: {len(values)} of {len(calls)} answered, where {wanted} had to. {why}",
            failures=[each for each in answers.values() if isinstance(each, Exception)],
        )
    return joined


async def _one_by_one(
    ctx: Context, calls: Mapping[str, Primitive[object]], terms: Terms, *, wait: bool
) -> dict[str, object]:
    """Return what each call gave, or its failure, for as long as it matters."""
    names, waiting = list(calls), deque(calls.values())
    first = [waiting.popleft() for _ in range(min(terms.at_once or len(calls), len(calls)))]
    answers: dict[str, object] = {}
    async with ctx.select(*first) as ended:
        while (branch := await ended.next()) is not None:
            if branch.error is not None and not wait:
                raise branch.error
            answers[names[branch.index]] = branch.value() if branch.error is None else branch.error
            if terms.settled(answers, len(calls)):
                break
            if waiting:
                ended.add(waiting.popleft())
    for each in waiting:
        each.close()
    return answers


def _values(answers: Mapping[str, object]) -> dict[str, object]:
    """Return the answers that are no failures: a value is made of JSON, and never an exception."""
    return {name: answer for name, answer in answers.items() if not isinstance(answer, Exception)}
