"""`sequence`: a pipeline."""

from itertools import pairwise
from typing import TypeVar, Unpack, overload

from podium.engine.context import Context
from podium.errors import PatternError
from podium.model.agent import Agent, is_agent
from podium.patterns.building.expression import Predicate, rule
from podium.patterns.building.inputs import input_for
from podium.patterns.building.members import (
    ANYTHING,
    Kind,
    Member,
    Stage,
    applied,
    either,
    gives,
    member,
    must_fit,
    takes,
)
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.talking import asked, voice

In = TypeVar("In")
Out = TypeVar("Out")
A = TypeVar("A")
B = TypeVar("B")


@overload
def sequence(
    a: Agent[In, A], b: Agent[A, Out], /, *, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern[In, Out]: ...
@overload
def sequence(
    a: Agent[In, A], b: Agent[A, B], c: Agent[B, Out], /, *, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern[In, Out]: ...
@overload
def sequence(*stages: Stage, name: str | None = None, **card: Unpack[CardFields]) -> Pattern: ...
@pattern
def sequence(*stages: Stage, name: str | None = None, **card: Unpack[CardFields]) -> Pattern:
    """A pipeline: each stage's output is the next one's input; gives what the last one gives.

    A stage is an agent, the name of a registered one, or a pure function (`cel` names its argument `it`) that makes of
    one output the next input. Raises PatternError where neighbours' types do not fit, and for fewer than one stage.
    """
    if not stages:
        raise PatternError("sequence needs at least 1 stage, got 0.")
    given = [ANYTHING, *map(gives, stages)]
    steps = [_step(stage, before) for stage, before in zip(stages, given, strict=False)]
    for before, after in pairwise(stages):
        must_fit("sequence", before, after)

    async def body(ctx: Context, value: object, so_far: SoFar[list[object]]) -> object:
        task, last, outputs = value, len(steps) - 1, list[object]()
        for place, (agent, function) in enumerate(steps):
            turn = voice(ctx, task) if place == last else None
            value = await asked(ctx, agent, input_for(ctx, agent, value), turn) if function is None else function(value)
            outputs.append(value)
            so_far.reached(outputs)
        return value

    parts = {str(number): stage for number, stage in enumerate(stages)}
    sketch = Sketch(parts=parts, links=[Link(one, two) for one, two in pairwise(parts)], roles=False)
    return Pattern(
        body, kind="sequence", name=name, card=card, sketch=sketch, takes=takes(stages[0]), gives=gives(stages[-1]),
        has=applied(list, either(map(gives, stages))),
    )  # fmt: skip


def _step(stage: Stage, before: Kind) -> tuple[Member, Predicate | None]:
    """Return who is called, and the function that stands there instead, if one does."""
    if isinstance(stage, str) or is_agent(stage) or not callable(stage):
        return member("sequence", stage), None
    return "", rule(stage, it=before)
