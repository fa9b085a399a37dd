"""What the steps of one attempt do to the world: begun once, done, put off, or in doubt."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from itertools import count
from typing import NamedTuple

from podium.dispatch.invoke import is_foreign
from podium.engine.calls.step_body import StepBody
from podium.engine.calls.step_records import StepRecords
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.progress import CallProgress
from podium.errors import AgentError, BadAnswer, Suspended, UsageError
from podium.model.call import Call
from podium.model.deferral import AGAIN, Deferred, Resume
from podium.model.fact import Fact
from podium.model.facts.calls import EffectIntended, IntentCleared
from podium.model.facts.runs import Started
from podium.model.json import Json
from podium.model.outcome import CallWanted, Until, text_of
from podium.model.question import IN_DOUBT_SCHEMA, Ask
from podium.model.step import DEFERRED
from podium.store.codec import input_digest

inside: ContextVar[str] = ContextVar("podium_step", default="")
"""The path of the step that the current task is in."""

in_effect: ContextVar[str] = ContextVar("podium_effect", default="")
"""The name of that step, or of one around it, if it is an effect that happens once: it must come to its end."""


class StepEffects:
    """Does what steps ask for, and knows of each effect that happens `once` whether it may have happened."""

    __slots__ = ("_active", "_call", "_progress", "_records")

    def __init__(self, active: ActiveRun, call: Call, progress: CallProgress, records: StepRecords) -> None:
        self._active = active
        self._call = call
        self._progress = progress
        self._records = records

    async def happened(self, path: str, name: str, body: StepBody, input: Json) -> Json:
        """Do a step to its end. Where its function puts its value off, that is recorded, and it is not run again."""
        if (resume := body.resume) is None:
            return await self._run(path, name, body, input)
        for stage in count():
            state = await self._state(f"{path}/{DEFERRED}#{stage}", path, name, body, input)
            if not isinstance(state, Deferred):
                return state
            value = await self._resumed(path, state, resume)
            if value is not AGAIN:
                return value
        raise AssertionError  # it counts for ever

    async def _state(self, place: str, path: str, name: str, body: StepBody, input: Json) -> Json | Deferred:
        """Return the state in which a step was deferred; where that is not recorded, run its function to get there."""
        once, digest = body.effects == "once", input_digest(body.input)
        if (known := self._records.found(place, DEFERRED, body.input, digest, once=once)) is not None:
            return Deferred(known.value)
        value = await self._run(path, name, body, input)
        if not isinstance(value, Deferred):
            return value
        kept = self._records.done(place, DEFERRED, digest, value.state)
        if once:
            self._active.effects.pop(f"{self._call.key}/{path}", None)
            if not value.happened:
                self._settle(path)
        return Deferred(kept)

    async def _resumed(self, path: str, deferred: Deferred, resume: Resume) -> object:
        token = inside.set(path)
        try:
            return await resume(deferred.state)
        finally:
            inside.reset(token)

    async def _run(self, path: str, name: str, body: StepBody, input: Json) -> Json | Deferred:
        """Run the function of a step once; what happens `once` is intended first."""
        if body.effects != "once":
            return await self._traced(path, name, body, input)
        await self._intend(path, name)
        token = in_effect.set(name)
        try:
            return await self._traced(path, name, body, input)
        except BaseException as error:
            if (isinstance(error, AgentError) and error.not_done) or isinstance(error, Suspended):
                if not isinstance(error, Suspended) or error.step == path:
                    self._settle(path)
                raise
            if is_foreign(error):
                doubt = Doubt(path, name, input, f"{self._call.idempotency_key}/{path}")
                raise self.doubt(doubt, f"it ended with {type(error).__name__}: {text_of(error)}") from error
            raise
        finally:
            in_effect.reset(token)

    async def _traced(self, path: str, name: str, body: StepBody, input: Json) -> Json | Deferred:
        trace, key = self._active.trace, self._call.key
        outer = "" if trace is None else f"{key}/{inside.get()}"
        token = inside.set(path)
        try:
            if trace is None:
                return await body.fn()
            return await trace.step(self._call, f"{key}/{path}", name, input, outer, body.fn())
        finally:
            inside.reset(token)

    async def _intend(self, path: str, name: str) -> None:
        full = f"{self._call.key}/{path}"
        self._active.effects[full] = f"{name} of {self._call.agent}"
        self._records.note(full, EffectIntended(name=name, epoch=self._active.run.epoch))
        await self._active.journal.committed()
        await self._active.runtime.fresh()

    def _settle(self, path: str) -> None:
        """Record that an effect which was begun did not happen."""
        full = f"{self._call.key}/{path}"
        self._active.effects.pop(full, None)
        self._records.note(full, IntentCleared())

    async def resolve_doubt(
        self, doubt: "Doubt", verify: Callable[[], Awaitable[Json]] | None, place: str | None
    ) -> dict[str, Json] | None:
        """Find out whether a step that was begun happened: `{"done": value}`, or None for not done.

        It was begun here, or in an earlier attempt, at `place`: then it may have been another.
        """
        why = "this process does not know how it ended"
        if place is not None:
            record = self._active.history.steps[self._call.key][place]
            why = "an earlier attempt began it" if record.done is None else "an earlier attempt did it with other input"
            verify = verify if record.done is None else None
        answer = self._progress.resolved.pop(doubt.path, None)
        if answer is not None:
            if "happened" in answer:
                return {"done": answer["happened"]}
            if "fail" in answer:
                raise BadAnswer(f"given up by the person asked: {answer['fail']}")
            return None
        if verify is None:
            raise self.doubt(doubt, why)
        token = inside.set(doubt.path)
        try:
            return await verify()
        finally:
            inside.reset(token)

    def doubt(self, doubt: "Doubt", why: str) -> Suspended:
        """Return what asks people whether an effect happened: with what it was sent, where that is known."""
        call, key = self._call, doubt.idempotency_key
        place = f"run {call.run}, key {call.key}, step {doubt.path}, idempotency key {key}"
        text = f"Did {doubt.name} happen in {call.agent} ({place})? {why}."
        ask = Ask(
            text=text, subject=call.input if doubt.input is None else doubt.input, schema=IN_DOUBT_SCHEMA,
            kind="in_doubt", to="operators", idempotency_key=key,
        )  # fmt: skip
        return Suspended(ask, doubt.path)


class Doubt(NamedTuple):
    """An effect that may have happened."""

    path: str
    """The place of the step that is asked for."""
    name: str
    input: Json
    """What it is sent."""
    idempotency_key: str
    """The key that its receiver saw."""


def receiver_key(active: ActiveRun, begun: Fact) -> str:
    """Return the idempotency key under which the receiver saw an effect: of a copy in a fork, that of the other run."""
    started = None if active.history.started is None else active.history.started.content
    other = started.forked_from if isinstance(started, Started) and not begun.epoch else None
    return f"{other or active.run.id}:{begun.key}"


def require_leave(name: str, waits: Suspended) -> None:
    """Raise UsageError where a step would have to wait for people inside an effect that is not begun twice.

    What is in doubt is asked about all the same: then the effect around it is in doubt as well.
    """
    effect, ask = in_effect.get(), waits.ask
    if not effect or isinstance(ask, Until) or (not isinstance(ask, CallWanted) and ask.kind == "in_doubt"):
        return
    whom = ask.agent.card.name if isinstance(ask, CallWanted) else f"people ({ask.text!r})"
    raise UsageError(
        f"{name} would wait for {whom} inside {effect}, which is declared `once` and so is not left and begun again. "
        f"Declare what {effect} uses `once`, and {effect} itself not"
    ) from None
