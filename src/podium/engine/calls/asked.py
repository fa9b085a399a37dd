"""What the steps of one attempt ask people, any number of them at once."""

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from podium.engine.calls.permission import put_question
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.key_state import StepRecord
from podium.engine.run.progress import CallProgress
from podium.errors import Suspended
from podium.model.call import Call
from podium.model.empty import empty
from podium.model.facts.calls import StepDone
from podium.model.json import Json
from podium.model.outcome import CallWanted, Pending, Refused, Until
from podium.model.question import Ask
from podium.model.step import granted_to
from podium.store.asking import WithdrawQuestion

_TURNS = 10
"""So many turns of the event loop the steps that were begun together have to begin to ask, or to work."""


class _Turn:
    """A turn of the event loop."""

    def __await__(self) -> Generator[None]:
        yield


@dataclass(slots=True)
class _StepsBeside:
    """The steps that were begun in one step, or in the call itself."""

    busy: int = 0
    """How many of them are under way and do not wait."""
    waiting: list["asyncio.Future[bool]"] = field(default_factory=empty(list["asyncio.Future[bool]"]))
    """Those that wait for the others: told True to be left, False to look for themselves."""

    def ends(self) -> None:
        """One of them goes on no longer; the first that waits looks whether that was the last."""
        self.busy -= 1
        while not self.busy and self.waiting:
            first = self.waiting.pop()
            if not first.done():
                first.set_result(False)
                return

    def leave(self) -> None:
        """Have all be left that wait."""
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(True)

    async def is_quiet(self) -> bool:
        """Whether all of them wait, and stay so for a while."""
        for _ in range(_TURNS):
            if self.busy:
                return False
            await _Turn()
        return not self.busy


class StepQuestions:
    """Puts the questions of the steps of one attempt, and lets the agent be left once none of its steps can go on.

    A step that has to wait stays where it is while others beside it are under way: they go on, and may ask too. Then
    all of them are left with Suspended. So is the step around them, whose time limit ends with it: it waits in turn for
    those beside it. When none of the call can go on, the agent is left, and runs again over what is recorded after the
    first answer.
    """

    __slots__ = ("_active", "_call", "_levels", "_progress")

    def __init__(self, active: ActiveRun, call: Call, progress: CallProgress) -> None:
        self._active = active
        self._call = call
        self._progress = progress
        self._levels: dict[str, _StepsBeside] = {}

    def begins(self, outer: str) -> None:
        """Take note that a step is under way inside another one, or, with an empty path, in the call itself."""
        level = self._levels.get(outer)
        if level is None:
            level = self._levels[outer] = _StepsBeside()
        level.busy += 1

    def ends(self, outer: str) -> None:
        """Take note that it is no longer."""
        self._levels[outer].ends()

    async def ask(self, path: str, waits: Suspended) -> None:
        """Put what a step asks, unless its question is open, or note the time, or the call, that it waits for."""
        progress, ask = self._progress, waits.ask
        if isinstance(ask, CallWanted):
            progress.wanted[path] = ask
        elif isinstance(ask, Until):
            progress.until = ask.at if progress.until is None else min(progress.until, ask.at)
        else:
            await self.put(path, ask, waits.rule)

    async def wait(self, outer: str) -> None:
        """Wait, as a step that cannot go on, until none of those can that are in the same one."""
        level = self._levels[outer]
        level.busy -= 1
        try:
            while not await level.is_quiet():
                future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
                level.waiting.append(future)
                if await future:
                    return
            level.leave()
        finally:
            level.busy += 1

    async def put(self, path: str, ask: Ask, rule: str | None) -> str:
        """Put a question about a step, unless it is open; returns its id once it is in the inbox."""
        about = Pending(ask, path, rule)
        put_question(self._active, self._call.key, self._progress, ask, about, deadline=self._call.deadline)
        await self._active.journal.committed()
        return self._progress.asked[path, rule].question

    def done(self, path: str) -> list[WithdrawQuestion]:
        """Forget what is still open about a step that is done; returns what takes it out of the inbox."""
        asked = self._progress.asked
        if not asked:
            return []
        over = [subject for subject in asked if subject[0] == path]
        questions = self._active.mailbox.questions
        return [questions.withdraw_one(self._call.key, asked.pop(subject).question) for subject in over]

    def rules(self, path: str) -> frozenset[str]:
        """Return the rules whose question about a step is open."""
        return frozenset(rule for step, rule in self._progress.asked if step == path and rule is not None)

    def refused(self, path: str, name: str, digest: str, steps: Mapping[str, StepRecord]) -> Refused | None:
        """Return what people said who did not allow a step, or before it the very same one of this call."""
        progress = self._progress
        if not progress.refused or path in progress.refused:
            return progress.refused.get(path)
        if any(step == path for step, _ in progress.asked) or granted_to(path, progress.granted):
            return None  # people are asked about this one by itself, or allowed it
        same = (no for at, no in progress.refused.items() if at not in progress.late and _is(steps, at, name, digest))
        return next(same, None)

    def reply(self, path: str) -> Json | None:
        """Return what people answered to the question of a step itself, as `{"reply": value}`; None if none did."""
        replies = self._progress.replies
        return {"reply": replies[path]} if path in replies else None


def _is(steps: Mapping[str, StepRecord], path: str, name: str, digest: str) -> bool:
    record = steps.get(path)
    said = None if record is None or record.done is None else record.done.content
    return isinstance(said, StepDone) and said.name == name and said.digest == digest
