"""The recorded parts of a call: each model request, each tool call, each `once` happens once for ever."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar

from podium.agents.jsonable import json_copy
from podium.dispatch.invoke import is_foreign
from podium.engine.calls.asked import StepQuestions
from podium.engine.calls.earlier import EarlierSteps
from podium.engine.calls.held import HeldSteps
from podium.engine.calls.rule_steps import StepsForRules
from podium.engine.calls.sent_step import SentOfCall
from podium.engine.calls.step_body import KnownStep, StepBody
from podium.engine.calls.turn_of_call import TurnOfCall
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import shortened
from podium.engine.run.progress import CallProgress
from podium.errors import AgentError, BadAnswer, Diverged, Forbidden, Suspended, UsageError
from podium.model.agent import AnyAgent
from podium.model.budget import Bound
from podium.model.call import Call
from podium.model.consent import NO_CONSENT, Consent
from podium.model.conversation import OpenTurn
from podium.model.fact import Fact
from podium.model.facts.calls import EffectIntended, IntentCleared, StepDone
from podium.model.facts.content import FactContent, prepared
from podium.model.json import Json
from podium.model.memory import MemoryStore
from podium.model.outcome import Refused, Usage, text_of
from podium.model.question import IN_DOUBT_SCHEMA, Ask
from podium.model.rule_names import APPROVAL, is_scarce
from podium.model.step import StepCall, allowing, granted_to, is_guard_step, is_under_guard, with_edits
from podium.model.steps import Effects, check_step
from podium.model.storable import check_key
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode, input_digest
from podium.store.operations import Effect

_inside: ContextVar[str] = ContextVar("podium_step", default="")
"""The path of the step that the current task is in."""

_in_effect: ContextVar[bool] = ContextVar("podium_effect", default=False)
"""Whether that step, or one around it, is an effect that happens once: it must come to its end."""


class CallSteps(StepsForRules):
    """The steps of one attempt of a call. Attempts of one lineage share what is recorded."""

    __slots__ = (
        "_again", "_counts", "_earlier", "_held", "_progress", "_questions", "_sent", "_under_way", "conversation",
    )  # fmt: skip

    def __init__(
        self, active: ActiveRun, branch: BranchTask, call: Call, agent: AnyAgent, progress: CallProgress, *,
        resumed: bool = False, turn: TurnOfCall | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, call, agent)
        if turn is not None:
            turn.added.clear()
        self.conversation: OpenTurn | None = turn
        """The turn that the call has in a conversation."""
        self._progress = progress
        self._counts: dict[str, int] = {}
        self._again = resumed or call.attempt > 1 or call.key in active.journal.emitter.emitted
        """Whether something of this call may have been streamed before, which this attempt makes void."""
        self._earlier: EarlierSteps | None = None
        self._under_way: set[str] = set()
        """The steps that were begun and are not recorded yet, by their place."""
        self._held: HeldSteps | None = None
        self._sent = SentOfCall(active, call)
        self._questions = StepQuestions(active, call, progress, self._under_way)

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of this call, or of the step one is in."""
        step = _inside.get()
        return f"{self._call.idempotency_key}/{step}" if step else self._call.idempotency_key

    @property
    def epoch(self) -> int:
        """The fencing token of this drive."""
        return self._active.run.epoch

    @property
    def memory(self) -> MemoryStore:
        """The store's shared memory."""
        return self._active.runtime.store.memory.under(self._active.runtime.clock)

    async def once(
        self,
        name: str,
        fn: Callable[[], Awaitable[Json]],
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
        bound: Bound | None = None,
    ) -> Json:
        """Run `fn` once for ever; see `podium.model.steps.Steps`."""
        check_step(name, fn, effects, verify)
        body = StepBody(fn=fn, input=input, effects=effects, verify=verify, usage=usage, bound=bound)
        return await self._do(name, key, body, NO_CONSENT)

    async def once_allowed(
        self,
        name: str,
        fn: Callable[[], Awaitable[Json]],
        consent: Consent,
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
    ) -> Json:
        """Do the same if people and rules allow it; see `podium.model.steps.Steps`."""
        check_step(name, fn, effects, verify)
        return await self._do(name, key, StepBody(fn=fn, input=input, effects=effects, verify=verify), consent)

    async def _do(self, name: str, key: str | None, body: StepBody, consent: Consent) -> Json:
        name = MASKING.text(name)
        path = self._path(name, None if key is None else MASKING.text(key))
        full = f"{self._call.key}/{path}"
        check_key(f"the name and key of step {name[:80]!r}", full)
        digest = input_digest(body.input)
        try:
            known = await self._known(path, name, body, digest)
            if known is not None and known.recorded:
                return known.value
            if known is None and self._active.gate.holding and not self._must_end(path):
                await self._hold(path)
            self._under_way.add(path)
            value = await self._allowed(path, name, digest, body, consent) if known is None else known.value
            value = self._record(full, name, digest, value, body.usage, None if known is None else known.place)
            await self._active.journal.committed()
        except Suspended as waits:
            if waits.step == path:
                await self._questions.wait(path, waits)
            raise
        finally:
            self._under_way.discard(path)
            self._active.effects.pop(full, None)
            self._questions.look()
            if self._held is not None:
                self._held.look()
        return value

    async def _allowed(self, path: str, name: str, digest: str, body: StepBody, consent: Consent) -> Json:
        """Do a step if the rules, and the people whom they ask, allow it; else give the value that it has then."""
        steps = self._active.history.steps.get(self._call.key, {})
        no = self._questions.refused(path, name, digest, steps)
        if no is None:
            try:
                return await self._ruled(path, name, body, consent)
            except Forbidden as forbidden:
                within, forbidden.step = forbidden.step is not None, forbidden.step or path
                if within or consent.refused is None:
                    raise
                no = Refused(forbidden.rule, forbidden.reason)
        if consent.refused is None or is_scarce(no.rule):
            raise Forbidden(no.rule, no.reason, step=path)
        return consent.refused(no)

    async def _ruled(self, path: str, name: str, body: StepBody, consent: Consent) -> Json:
        """Do a step under the rules, with the arguments that whoever allowed it put in place of those of the model."""
        said = granted_to(path, self._call.granted)
        sent = with_edits(body.input, said)
        rules = self._active.runtime.dispatcher.step_rules(self._agent)

        async def work() -> Json:
            if consent.ask is not None and not allowing(said):
                raise Suspended(consent.ask, path, APPROVAL)
            if body.effects != "once":
                return await self._sent.kept(path, self._run(path, name, body, sent))
            await self._intend(f"{self._call.key}/{path}", name)
            token = _in_effect.set(True)
            try:
                return await self._sent.kept(path, self._run(path, name, body, sent))
            finally:
                _in_effect.reset(token)

        if rules is None:
            return await work()
        step = StepCall(
            call=self._call, name=name, path=path, input=sent, body=work, bound=body.bound, usage=body.usage,
            edit=consent.edit, asked=self._questions.rules(path),
        )  # fmt: skip
        return await rules(step, self)

    @property
    def granted(self) -> Mapping[str, Json]:
        """What people said who allowed the step one is in."""
        return allowing(granted_to(_inside.get(), self._call.granted))

    async def ask(self, ask: Ask, *, announce: Callable[[str], Awaitable[Json]] | None = None) -> Json:
        """Ask people about the step one is in; see `podium.model.steps.Steps`."""
        path, said = _inside.get(), self.granted
        if not path:
            raise UsageError(f"{ask.text!r} is asked outside of a step: ask in a function that `steps.once` runs.")
        if ask.kind == "permission" and said:
            return next(iter(said.values()))
        if ask.kind != "permission" and (answered := self._questions.reply(path)) is not None:
            return answered["reply"]
        if announce is not None:
            question = await self._questions.put(path, ask, None)
            at_once = await self.once("announce", lambda: announce(question), key="")
            if at_once is not None:
                return at_once
        raise Suspended(ask, path, APPROVAL if ask.kind == "permission" else None)

    def _must_end(self, path: str) -> bool:
        """Whether a step is part of what is not to be cut: an effect that happens once, the check of an answer."""
        return self._agent.card.effects == "once" or _in_effect.get() or is_under_guard(path)

    async def _hold(self, path: str) -> None:
        """The worker stops: wait at a step that has not begun until the run is let go."""
        if self._held is None:
            self._held = HeldSteps(self._active.gate, self._under_way)
        await self._held.wait(path)

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Say, inside a step, what it sends; see `podium.model.steps.Steps`."""
        path = _inside.get()
        if path in self._under_way:
            self._sent.tell(path, sent, kept)

    def emit(self, chunk: Json) -> None:
        """Stream a chunk to those who watch the run, as `emitted`, or as the event that it is."""
        call, again, self._again = self._call, self._again, False
        self._active.journal.emitter.emit(chunk, call.key, call.attempt, _inside.get(), again=again)

    async def _known(self, path: str, name: str, body: StepBody, digest: str) -> KnownStep | None:
        """Return what is recorded of a step, by this attempt or an earlier one, or else what is found out about it."""
        history, call = self._active.history, self._call
        record = history.step(call.key, path)
        if record is not None and record.done is not None:
            if isinstance(said := record.done.content, StepDone) and said.digest != digest:
                raise Diverged(f"{call.key}/{path}", f"another input of {name}", shortened(encode(body.input)))
            return KnownStep(decode(history.value_of(call.key, record)), recorded=True)
        effects = body.effects
        begun, place = record is not None and record.intent is not None, None
        if not begun and call.lineage > 1:
            before = self._before()
            place = before.done(path, name, digest, once=effects == "once")
            if place is not None:
                said = StepDone(name=name, attempt=call.attempt, digest=digest, from_step=place)
                self._note(f"{call.key}/{path}", said)
                return KnownStep(decode(history.value_of(call.key, history.steps[call.key][place])), recorded=True)
            place = before.effect(name) if effects == "once" else None
        if effects != "once":
            return None
        if not (begun or place is not None or history.unclaimed.has_effect(call.key, call.agent, name)):
            return None
        found = await self._resolve_doubt(path, name, body.verify, place)
        return None if found is None else KnownStep(found["done"], place)

    def _before(self) -> EarlierSteps:
        """Return what earlier lineages of this call did."""
        if self._earlier is None:
            self._earlier = EarlierSteps(self._active.history.steps.get(self._call.key, {}), self._call.lineage)
        return self._earlier

    def _path(self, name: str, key: str | None) -> str:
        """Return the step's place: under the step one is in, by its key or by how often its name came before."""
        outer = _inside.get()
        shared = is_guard_step(name)  # a verdict on a value is the same in every lineage
        prefix = f"{outer}/{name}" if outer else name if shared else f"{self._call.lineage}/{name}"
        if key is not None:
            return f"{prefix}/{key}"
        count = self._counts.get(prefix, 0)
        self._counts[prefix] = count + 1
        return f"{prefix}#{count}"

    async def _run(self, path: str, name: str, body: StepBody, input: Json) -> Json:
        effects, fn = body.effects, body.fn
        trace, key = self._active.trace, self._call.key
        outer = "" if trace is None else f"{key}/{_inside.get()}"
        token = _inside.set(path)
        try:
            if trace is None:
                return await fn()
            return await trace.step(self._call, f"{key}/{path}", name, input, outer, fn())
        except BaseException as error:
            if (isinstance(error, AgentError) and error.not_done) or isinstance(error, Suspended):
                if effects == "once" and (not isinstance(error, Suspended) or error.step == path):
                    self._note(f"{self._call.key}/{path}", IntentCleared())
                raise
            if effects == "once" and is_foreign(error):
                raise self._doubt(path, name, f"it ended with {type(error).__name__}: {text_of(error)}") from error
            raise
        finally:
            _inside.reset(token)

    def _record(
        self, full: str, name: str, digest: str, value: Json, usage: Callable[[Json], Usage | None] | None,
        place: str | None = None,
    ) -> Json:  # fmt: skip
        used = None if usage is None else usage(value)
        payload, most = encode(json_copy(value, f"JSON from {name}")), self._active.runtime.max_payload_bytes
        if len(payload) > most:
            raise BadAnswer(f"the result of {name} has {len(payload)} bytes, {most} are allowed")
        said = StepDone(name=name, attempt=self._call.attempt, digest=digest, usage=used, from_step=place)
        self._note(full, said, payload, self._questions.done(full.partition("/")[2]))
        return decode(payload)

    def _note(self, full: str, said: FactContent, payload: bytes | None = None, effects: Sequence[Effect] = ()) -> None:
        """Record a fact of a step, and let later attempts of this drive see it."""
        text = prepared(said)
        at = self._active.journal.append(text, full, payload, effects)
        self._active.history.add(Fact(-1, said.fact_kind, full, at, self.epoch, text.encoded, payload))

    async def _intend(self, full: str, name: str) -> None:
        self._active.effects[full] = f"{name} of {self._call.agent}"
        self._note(full, EffectIntended(name=name, epoch=self.epoch))
        await self._active.journal.committed()
        await self._active.runtime.fresh()

    async def _resolve_doubt(
        self, path: str, name: str, verify: Callable[[], Awaitable[Json]] | None, place: str | None
    ) -> dict[str, Json] | None:
        """Find out whether a step that was begun happened: `{"done": value}`, or None for not done.

        It was begun here, or in an earlier attempt, at `place`: then it may have been another.
        """
        why = "this process does not know how it ended"
        if place is not None:
            record = self._active.history.steps[self._call.key][place]
            why = "an earlier attempt began it" if record.done is None else "an earlier attempt did it with other input"
            verify = verify if record.done is None else None
        answer = self._progress.resolved.pop(path, None)
        if answer is not None:
            if "happened" in answer:
                return {"done": answer["happened"]}
            if "fail" in answer:
                raise BadAnswer(f"given up by the person asked: {answer['fail']}")
            return None
        if verify is None:
            raise self._doubt(path, name, why)
        token = _inside.set(path)
        try:
            return await verify()
        finally:
            _inside.reset(token)

    def _doubt(self, path: str, name: str, why: str) -> Suspended:
        text = f"Did {name} happen in {self._call.agent} (run {self._call.run}, key {self._call.key})? {why}."
        ask = Ask(text=text, subject=self._call.input, schema=IN_DOUBT_SCHEMA, kind="in_doubt", to="operators")
        return Suspended(ask, path)
