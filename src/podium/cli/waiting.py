"""Waiting for a run: until it ends, or until only somebody outside can make it go on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Container, Sequence
from dataclasses import dataclass

from podium.app import App
from podium.cli.opening import ALL
from podium.engine.run.deadline import deadline_of
from podium.engine.run.reminders import reminder_times
from podium.engine.worker.waiters import End
from podium.errors import RunBlocked
from podium.facade.reader import View
from podium.model.facts.waits import SignalAwaited
from podium.model.question import Question
from podium.model.run import Run, RunState
from podium.reports.calls.tree import tree_of

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standstill:
    """A run in which everything waits for somebody outside."""

    questions: Sequence[Question]
    signals: Sequence[tuple[str, str]]
    """The signals it waits for: the id of the run, and the signal's name."""


async def settle(app: App, run_id: str, *, wait: bool) -> End | Standstill:
    """Wait until a run has ended or is blocked; unless `wait`, also until only somebody outside can help it."""
    ending = asyncio.ensure_future(app.worker.end_of(run_id))
    seen: Standstill | None = None
    try:
        while not ending.done():
            await asyncio.wait([ending], timeout=_LOOK_SECONDS)
            if not wait and not ending.done():
                still = await standstill(app, run_id)
                if still is not None and still == seen:
                    return still
                seen = still
        return ending.result()
    finally:
        ending.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await ending


async def standstill(view: View, run_id: str) -> Standstill | None:
    """Return what a run and its child runs wait for, if all of them wait, and for nothing that comes by itself.

    Raises RunBlocked where a child run is blocked, for which its parent would wait for ever.
    """
    family = [run async for run in _family(view, run_id)]
    for run in family[1:]:
        if run.state is RunState.BLOCKED:
            message = f"run {run_id} waits for its child run {run.id}, which is blocked: {run.reason}"
            raise RunBlocked(message, run=run.id)
    waiting = [run for run in family if not run.state.ended]
    questions = [each for run in waiting for each in await questions_of(view, run)]
    deadlines = {question.deadline for question in questions}
    for run in waiting:
        if run.state is not RunState.PARKED or await wakes_itself(view, run, deadlines):
            return None
    asking = {question.run for question in questions}
    signals = [(run.id, name) for run in waiting if run.id not in asking for name in await _signals(view, run)]
    return Standstill(questions, signals) if questions or signals else None


async def wakes_itself(view: View, run: Run, deadlines: Container[float | None]) -> bool:
    """Whether a parked run wakes to go on.

    Not only because the time is up for it, or for a question (`deadlines`), or people are to be told again of one.
    """
    if run.wake_at is None or run.wake_at in deadlines:
        return False
    facts = await view.runs.generation(run.id)
    own = deadline_of(facts)
    return (own is None or own.at != run.wake_at) and run.wake_at not in reminder_times(facts)


async def questions_of(view: View, run: Run) -> Sequence[Question]:
    """Return what a run asks and nobody has answered."""
    return (await view.inbox.list(run=run.id, limit=ALL)).items


async def _family(view: View, run_id: str) -> AsyncIterator[Run]:
    yield await view.runs.get(run_id)
    for child in (await view.runs.list(parent=run_id, limit=ALL)).items:
        if not child.state.ended:
            async for each in _family(view, child.id):
                yield each


async def _signals(view: View, run: Run) -> Sequence[str]:
    facts = await view.runs.generation(run.id)
    keys = {node.key for node in tree_of(facts).open() if node.waits == "signal"}
    return [said.name for fact in facts if fact.key in keys and isinstance(said := fact.content, SignalAwaited)]
