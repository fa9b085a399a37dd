"""What the engine calls while it drives a run that is observed."""

import logging
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Protocol, TypeVar

from podium.errors import Suspended
from podium.model.agent import Card
from podium.model.budget import Amount
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind
from podium.model.facts.codec import read_content
from podium.model.facts.content import FactContent
from podium.model.json import Json, decode, is_object
from podium.model.run import Run, Signal
from podium.telemetry.guarded import GuardedObserver
from podium.telemetry.open_parts import OpenParts
from podium.telemetry.places import Places
from podium.telemetry.telling import StepBegun, Telling

_LOG = logging.getLogger("podium")
_KNOWN_CONTENTS = 512

T = TypeVar("T")


class CommittedFact(Protocol):
    """A fact that this process has written."""

    @property
    def kind(self) -> FactKind:
        """What it is."""
        ...

    @property
    def key(self) -> str:
        """The call, step or branch it is about."""
        ...

    @property
    def at(self) -> float:
        """When it was recorded."""
        ...

    @property
    def body(self) -> bytes:
        """What it says, as it is stored."""
        ...


class RunTrace:
    """Follows one run that this process drives, and has the observer told of it."""

    def __init__(self, run: Run, facts: Sequence[Fact], observer: GuardedObserver, clock: Clock) -> None:
        self._run = run
        self._observer = observer
        self._clock = clock
        self._telling = Telling(run, observer)
        self._places = Places(run, facts, observer)
        self._parts = OpenParts(run, facts, self._places, self._telling)
        self._last_at = facts[-1].at

    def committed(self, facts: Iterable[CommittedFact]) -> None:
        """Follow facts that are in the store now, written by this process."""
        for fact in facts:
            try:
                self._parts.take(fact.key, fact.at, _content(fact.kind, fact.body))
            except Exception:  # nothing that is wrong here is to keep the run from going on
                _LOG.exception("fact %s at %s of run %s could not be traced", fact.kind.name, fact.key, self._run.id)

    def claimed(self, signals: Iterable[Signal]) -> None:
        """Tell how long the run was ready before this process took it: since it was started, or what woke it came.

        After a crash nobody knows when it became ready, and nothing is told.
        """
        now, first = self._clock.now(), self._run.epoch == 1
        woken = (at for at in (*(each.at for each in signals), *self._parts.dues()) if self._last_at < at <= now)
        ready = self._run.created_at if first else max(woken, default=None)
        if ready is not None:
            self._telling.queue(ready, now, self._places.queue(self._run.epoch), self._parts.place)

    def inside_run(self) -> AbstractContextManager[None]:
        """Return what makes the run the current place."""
        return self._observer.inside(self._parts.place)

    async def attempt(self, call: Call, card: Card, work: Awaitable[T]) -> T:
        """Await an attempt of a call, as the current place."""
        with self._observer.inside(self._parts.dispatch(call.key, call.attempt, card)):
            return await work

    async def within(self, key: str, number: int, work: Awaitable[T]) -> T:
        """Await something that is done in an attempt, as the current place."""
        with self._observer.inside(self._parts.of_attempt(key, number)):
            return await work

    async def step(self, call: Call, key: str, name: str, input: Json, outer: str, work: Awaitable[T]) -> T:
        """Await the body of a step, as the current place; `outer` is the key of the step that it is in, if any."""
        around = self._telling.begun_step(outer)
        context = self._parts.of_step(call.key, key, call.attempt)
        parent = self._parts.of_attempt(call.key, call.attempt) if around is None else around.context
        model = str(input.get("model", "")) if name == "model" and is_object(input) else ""
        begun = StepBegun(context=context, parent=parent, began=self._clock.now(), model=model)
        self._telling.step_begins(key, begun)
        try:
            with self._observer.inside(context):
                return await work
        except Suspended:
            raise
        except Exception as error:
            self._telling.step_fails(key, call, name, self._clock.now(), type(error).__name__)
            raise

    def traceparent(self, key: str) -> str:
        """Return the place of what is around a key, for a run that is started there."""
        return self._parts.around(key).traceparent

    def refused(self, key: str, amount: Amount, budget: str) -> None:
        """Take note that a budget had no room for an amount."""
        event = self._telling.refused(key, self._clock.now(), amount, budget, self._parts.present(key))
        self._parts.add(key, event)


@lru_cache(maxsize=_KNOWN_CONTENTS)
def _content(kind: FactKind, body: bytes) -> FactContent:
    """Return what a fact says; many say the same."""
    return read_content(kind, decode(body))
