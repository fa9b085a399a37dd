"""`saga`: steps with their compensations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Unpack

from podium.engine.context import Context
from podium.errors import Blocked, PatternError, StoreError
from podium.model.agent import is_agent
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import input_for, plain, reads
from podium.patterns.building.members import (
    ANYTHING,
    Member,
    Stage,
    gives,
    member,
    members,
    must_fit,
    name_of,
    parameters,
    takes,
)
from podium.patterns.building.named import filled_by
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role
from podium.patterns.building.talking import asked

Wording = Callable[[Any, Any], object]
"""A rule of what a step was handed and what it gave."""

_OFFERS = ("task", "done")
_OF_STEP = ("input", "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a saga: who does it, and who undoes it. Made by `step`."""

    agent: Member
    undo: Member | None = None
    undo_input: Wording | None = None


def step(
    agent: Member, undo: Member | None = None, undo_input: Wording | None = None
) -> Step:  # fmt: skip
    """Return a step of a saga: an agent, and whoever undoes what it did, if it can be undone.

    The undo takes parts `input` and `output`: what the step was handed, and what it gave. One that takes one thing of a
    type of its own gets the output; one that takes anything a mapping of both. `undo_input` makes
    something else of them (a rule in CEL knows `input` and `output`).
    """
    return Step(agent=agent, undo=undo, undo_input=undo_input)


@pattern
def saga(*steps: Step | Member, name: str | None = None, **card: Unpack[CardFields]) -> Pattern:
    """Steps in order, each with its compensation; if one fails, those that are done are undone, the last one first.

    Each step takes the output of the one before, the first one the task; or parts `task` and `done` (outputs by the
    name of the step); a language model and a person see both. Gives the output of the last step. An agent may stand for
    a step that needs no undoing.

    Once a step is done its compensation is registered, in the journal. If a later step fails, or the run is cancelled,
    they run in reverse: each is a call, retried by the engine, and no crash and no cancel cuts them short. What stays
    uncompensated stands in the run's reason. A step that fails is not undone itself: let it be a `once` effect where
    it may have happened all the same. A saga that succeeded leaves its compensations to the workflow that called it.

    The method is that of Garcia-Molina and Salem 1987 (doi:10.1145/38713.38742), with backward recovery.
    """
    done_by = [_Doing(each if isinstance(each, Step) else Step(agent=each)) for each in steps]
    members("saga", [each.step.agent for each in done_by], what="steps")
    for one, two in pairwise(done_by):
        if not (reads(two.step.agent) or parameters(two.step.agent).keys() & set(_OFFERS)):
            must_fit("saga", one.step.agent, two.step.agent)

    async def body(ctx: Context, task: object) -> object:
        value, done = task, dict[str, object]()
        for each in done_by:
            value = await each.do(ctx, value, task, done)
            done = {**done, each.role.who: plain(value)}
        return value

    return Pattern(
        body, kind="saga", name=name, card=card, sketch=_sketch(done_by), takes=done_by[0].role.takes("task"),
        gives=gives(done_by[-1].step.agent),
    )  # fmt: skip


class _Doing:
    """A step that was found to be sound: does it, and registers how it is undone."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.role = Role[object]("saga", "step", step.agent, offers=_OFFERS)
        self.undo = None if step.undo is None else self._checked(step.undo)
        self._worded = (
            None if step.undo_input is None else rule(step.undo_input, input=ANYTHING, output=gives(step.agent))
        )
        if step.undo is None and step.undo_input is not None:
            raise PatternError(f"saga was given an undo_input for {self.role.who}, and no undo: pass undo=…, too.")

    def _checked(self, undo: Member) -> Member:
        """Return whoever undoes the step; raises PatternError where they cannot."""
        undo, step = member("saga", undo, f"the undo of {self.role.who}"), self.step
        if is_agent(undo) and undo.card.anonymous:
            raise PatternError(
                f"saga: {name_of(undo)} has no name to be found by when it is to undo {self.role.who}: "
                'give it one, name="…".'
            )
        if step.undo_input is None and not _parts_for(undo) and takes(undo) is not str:
            must_fit("saga", step.agent, undo)
        return undo

    async def do(self, ctx: Context, value: object, task: object, done: Mapping[str, object]) -> object:
        """Do the step, and register its compensation; returns its output."""
        given = input_for(ctx, self.step.agent, value, task=task, done=done)
        output = await asked(ctx, self.step.agent, given)
        if self.undo is not None:
            try:
                await ctx.on_undo(self.undo, self._undo_input(ctx, self.undo, given, output))
            except StoreError:
                raise
            except Exception as error:  # whatever it is: the step is done, and must not stay so unnoticed
                raise Blocked(
                    f"{self.role.who} is done, and {name_of(self.undo)} cannot be handed what would undo it: {error}. "
                    "Mend what it takes, or `undo_input`: then the run goes on."
                ) from error
        return output

    def _undo_input(self, ctx: Context, undo: Member, given: object, output: object) -> object:
        parts, undo = {"input": given, "output": output}, filled_by(ctx, undo)
        if self._worded is not None:
            return self._worded(given, output)
        if named := _parts_for(undo):
            return {name: parts[name] for name in named}
        return plain(parts) if takes(undo) is ANYTHING else input_for(ctx, undo, output, **parts)


def _parts_for(undo: Member) -> list[str]:
    """Return what an undo asks for by name."""
    return [name for name in _OF_STEP if name in parameters(undo)]


def _sketch(done_by: list[_Doing]) -> Sketch:
    parts: dict[str, Stage] = {each.role.who: each.step.agent for each in done_by}
    links = [Link(one, two) for one, two in pairwise(parts)]
    for each in done_by:
        if each.undo is not None:
            parts[f"undo {each.role.who}"] = each.undo
            links.append(Link(each.role.who, f"undo {each.role.who}", "if a later one fails"))
    return Sketch(parts=parts, links=links)
