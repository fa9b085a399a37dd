"""`refine`: a writer and a critic, until it is good enough."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, Unpack

from podium.engine.context import Context
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import heard_of
from podium.patterns.building.members import GivingAgent, at_least, gives
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.reading import reading
from podium.patterns.building.role import Role
from podium.patterns.parts.ends import EndWhen, ends_of

Draft = TypeVar("Draft")
ReviewVerdict = TypeVar("ReviewVerdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Generic[Draft, ReviewVerdict]):
    """What a writer gets from the second round on: the task, the best draft so far, and its verdict."""

    task: object
    draft: Draft
    verdict: ReviewVerdict


def _number(score: Callable[[ReviewVerdict], float]) -> Callable[[ReviewVerdict], float]:
    """Return a rule that gives a number, and raises TypeError or ValueError where it gives none."""
    return lambda verdict: float(score(verdict))


@pattern
def refine(
    writer: GivingAgent[Draft] | str, critic: GivingAgent[ReviewVerdict] | str, *,
    until: EndWhen | Callable[[ReviewVerdict], bool], score: Callable[[ReviewVerdict], float] | None = None,
    rounds: int = 3, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Draft]:  # fmt: skip
    """A writer and a critic, until the verdict is good enough or the rounds are used up; gives the best draft.

    The writer takes `task`, and in later rounds also `draft` and `verdict`: as parameters of these names, as a text, or
    the task and then a Revision. The critic takes the draft, or parameters `task` and `draft`; a language model
    and a person see both. `until`, an end or a
    rule of the `verdict`, says whether it is good enough (a turn is a draft with its verdict). `score` (larger is
    better) says which draft is the best; without it the latest counts as that, so give it wherever verdicts can be
    compared. A rule in CEL knows the `verdict`. At most `rounds` drafts are written.

    A critic whose verdict `until` or `score` cannot read is told so and asked again, at most `corrections` times; then
    it raises BadAnswer.
    """
    at_least("refine", "rounds", rounds)
    writing = Role[Draft]("refine", "writer", writer, offers=("task", "draft", "verdict"))
    judging = Role[ReviewVerdict]("refine", "critic", critic, offers=("task", "draft"))
    enough = ends_of("refine", until, (writing.who, judging.who), verdict=gives(judging.member))
    worth = reading("refine", "score", _number(rule(score, verdict=gives(judging.member)))) if score else None

    def readable(verdict: ReviewVerdict) -> ReviewVerdict:
        enough.read(verdict)
        if worth is not None:
            worth(verdict)
        return verdict

    async def body(ctx: Context, task: object, so_far: SoFar[Draft]) -> Draft:
        over = enough.begin(ctx)
        draft = await writing.ask(ctx, task, task=task)
        so_far.reached(draft)
        best: Revision[Draft, ReviewVerdict | None] = Revision(task=task, draft=draft, verdict=None)
        best_score = -math.inf
        for n in range(1, rounds + 1):
            heard = heard_of(ctx, draft, task, (writing.who, draft), ask="Review this draft.")
            verdict = await judging.settle(ctx, readable, heard, task=task, draft=draft)
            value = worth(verdict) if worth else float(n)
            if value > best_score:
                best = Revision(task=task, draft=draft, verdict=verdict)
                best_score = value
                so_far.reached(best.draft)
            over.note(writing.who, draft)
            over.note(judging.who, verdict)
            if await over.came(n, verdict) or n == rounds:
                break
            said = (writing.who, best.draft), (judging.who, best.verdict)
            heard = heard_of(ctx, best, task, *said, ask="Revise your draft.")
            draft = await writing.ask(ctx, heard, task=task, draft=best.draft, verdict=best.verdict)
        return best.draft

    links = [Link("writer", "critic"), Link("critic", "writer", f"not yet, at most {rounds} drafts")]
    sketch = Sketch(parts={"writer": writing.member, "critic": judging.member}, links=links)
    return Pattern(
        body,
        kind="refine",
        name=name,
        card=card,
        sketch=sketch,
        takes=writing.takes("task"),
        gives=gives(writing.member),
        has=gives(writing.member),
    )
