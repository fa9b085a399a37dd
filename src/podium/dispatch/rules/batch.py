"""Calls that come at about the same time are handed to their agent together."""

import asyncio
from dataclasses import dataclass, replace

from podium.dispatch.alarm import Ring
from podium.dispatch.dispatcher import Handler
from podium.in_threads import CALL_WORK, CallWork, JointWork
from podium.model.agent import Card
from podium.model.batch import Batch, BatchInput
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Outcome, Usage
from podium.model.retry import KEEPS_LINEAGE
from podium.model.rule_steps import RuleSteps
from podium.model.said import SaidInTurn


@dataclass(slots=True)
class _Waiting:
    call: Call
    steps: RuleSteps
    outcome: asyncio.Future[Outcome]
    work: CallWork | None

    def begin(self) -> None:
        """Note, in the conversation of the call, its own input, which was handed over together with others."""
        if self.steps.turn is not None:
            self.steps.turn.begin(self.call.input)

    def said(self, value: Json) -> SaidInTurn | None:
        """Return what it says there."""
        return None if self.steps.turn is None else self.steps.turn.said(value)


class Batches:
    """Collects calls of agents that take lists."""

    def __init__(self, clock: Clock, ring: Ring) -> None:
        self._clock = clock
        self._ring = ring
        self._running: set[asyncio.Task[None]] = set()

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Have a call wait a moment for others."""
        if card.batch is None:
            return handler
        return _Collector(card.batch, handler, self._clock, self._ring, self._running).call


class _Collector:
    """The calls of one agent that wait for each other."""

    def __init__(
        self, rule: Batch, handler: Handler, clock: Clock, ring: Ring, running: set[asyncio.Task[None]]
    ) -> None:
        self._rule = rule
        self._handler = handler
        self._clock = clock
        self._ring = ring
        self._running = running
        self._waiting: list[_Waiting] = []
        self._batch = 0
        """Counts the batches: a timer of one that is under way already rings for nothing."""

    async def call(self, call: Call, steps: RuleSteps) -> Outcome:
        """Wait for others, and for what became of this call."""
        mine = _Waiting(call, steps, asyncio.get_running_loop().create_future(), CALL_WORK.get())
        self._waiting.append(mine)
        if len(self._waiting) == 1:
            number = self._batch
            self._ring(self._clock.now() + self._rule.within, lambda: self._flush(number))
        if len(self._waiting) >= self._rule.most:
            self._flush(self._batch)
        return await mine.outcome

    def _flush(self, number: int) -> None:
        if number != self._batch:
            return
        self._batch += 1
        together, self._waiting = [each for each in self._waiting if not each.outcome.done()], []
        for each in together:
            each.steps.begun = True
        if together:
            task = asyncio.create_task(self._run(together))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, together: list[_Waiting]) -> None:
        """Ask once for all; where that fails for a reason that one of them may be, ask for each by itself."""
        first = together[0]
        inputs = BatchInput(each.call.input for each in together)
        work = JointWork([each.work for each in together if each.work is not None])
        CALL_WORK.set(work)  # in this task, which is nobody else's
        work.hold()
        try:
            outcome = await self._handler(replace(first.call, input=inputs), first.steps)
        except BaseException as error:  # such as the end of the process: all waiting calls get it
            for each in together:
                if not each.outcome.done():
                    each.outcome.set_exception(error)
            return
        finally:
            work.end()
        for each in together:
            each.begin()
        match outcome:
            case Done(values, usage):
                share = usage and _share(usage, len(together))
                for each, value in zip(together, values, strict=True):
                    _tell(each, Done(value, share, each.said(value)))
            case Failed(failure) if len(together) > 1 and failure.kind not in KEEPS_LINEAGE:
                for each in together:
                    await self._run([each])
            case _:
                for each in together:
                    _tell(each, outcome)


def _share(usage: Usage, parts: int) -> Usage:
    """Return what each call of a batch used up of the processor and of memory; of functions nothing else is known."""
    return replace(usage, cpu_seconds=usage.cpu_seconds / parts, gb_seconds=usage.gb_seconds / parts)


def _tell(waiting: _Waiting, outcome: Outcome) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_result(outcome)
