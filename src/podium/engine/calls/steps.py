"""The recorded parts of a call: each model request, each tool call, each `once` happens once for ever."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from podium.engine.calls.asked import StepQuestions
from podium.engine.calls.called import CalledInSteps
from podium.engine.calls.held import HeldSteps
from podium.engine.calls.rule_steps import StepsForRules
from podium.engine.calls.sent_step import SentOfCall
from podium.engine.calls.step_body import KnownStep, StepBody
from podium.engine.calls.step_claims import StepClaims
from podium.engine.calls.step_effects import Doubt, StepEffects, in_effect, inside, receiver_key, require_leave
from podium.engine.calls.step_records import StepRecords
from podium.engine.calls.swallowed import Interruptions
from podium.engine.calls.turn_of_call import TurnOfCall
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.progress import CallProgress
from podium.errors import Forbidden, Interrupt, Suspended, UsageError
from podium.model import streams
from podium.model.agent import AnyAgent, must_be_agent
from podium.model.budget import Bound
from podium.model.call import Call
from podium.model.consent import NO_CONSENT, Consent
from podium.model.conversation import OpenTurn
from podium.model.deferral import Resume, StepFunction
from podium.model.facts.calls import StepDone
from podium.model.facts.money import told_apart
from podium.model.json import Json
from podium.model.loops import AgentTurn
from podium.model.memory import MemoryStore
from podium.model.outcome import CallWanted, Done, Outcome, Pending, Refused, Usage
from podium.model.question import Ask
from podium.model.rule_names import APPROVAL, is_scarce
from podium.model.rule_steps import ChangeSent, SpeakingTurn
from podium.model.spending import ASKED_FIRST, Payer, StepUsage, counted
from podium.model.step import StepCall, allowing, call_step, granted_to, is_guard_step, is_under_guard
from podium.model.steps import Effects, check_step
from podium.model.storable import check_key
from podium.store.codec import input_digest


class CallSteps(StepsForRules):
    """The steps of one attempt of a call. Attempts of one lineage share what is recorded."""

    __slots__ = (
        "_again", "_asking", "_claims", "_counts", "_effects", "_held", "_interruptions", "_payers",
        "_progress", "_questions", "_records", "_sent", "_under_way", "_used", "conversation", "refusals", "turn",
    )  # fmt: skip

    def __init__(
        self, active: ActiveRun, branch: BranchTask, call: Call, agent: AnyAgent, progress: CallProgress, *,
        resumed: bool = False, turn: TurnOfCall | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, call, agent)
        self._asking = call
        """The call whose steps these are, as rules for steps see it."""
        if turn is not None:
            turn.added.clear()
        self.conversation: OpenTurn | None = turn
        """The turn that the call has in a conversation, as its agent sees it."""
        self.turn: SpeakingTurn | None = turn
        """The same as those see it who have the agent run."""
        self.refusals: list[str] = []
        """The rules that did not allow a step now, and whose refusal its agent is told."""
        self._counts: dict[str, int] = {}
        self._again = resumed or call.attempt > 1 or call.key in active.journal.emitter.emitted
        """Whether something of this call may have been streamed before, which this attempt makes void."""
        self._progress = progress
        self._payer = Payer(call.agent) if progress.fallback_index else ASKED_FIRST
        self._payers: dict[str, Payer] = {}
        """Of the steps that others are asked in, by their place."""
        self._records = StepRecords(active, call)
        self._effects = StepEffects(active, call, progress, self._records)
        self._under_way: set[str] = set()
        """The steps that were begun and are not recorded yet, by their place."""
        self._used: dict[str, Usage | None] = {}
        """What steps used whose value is not recorded yet, by their place."""
        self._claims = StepClaims()
        self._held: HeldSteps | None = None
        self._sent = SentOfCall(active, call)
        self._interruptions = Interruptions()
        self._questions = StepQuestions(active, call, progress)

    def answered(self, usage: Usage) -> None:
        """Take note of what an answer came to, whatever becomes of it."""
        self._progress.told = told_apart(usage, self._payer)

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of this call, or of the step one is in."""
        step = inside.get()
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
        work = self._interruptions.raising(fn)
        body = StepBody(fn=work, input=input, effects=effects, verify=verify, usage=usage, bound=bound)
        return await self._do(name, key, body, NO_CONSENT)

    async def once_allowed(
        self,
        name: str,
        fn: StepFunction,
        consent: Consent,
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        resume: Resume | None = None,
    ) -> Json:
        """Do the same if people and rules allow it; see `podium.model.steps.Steps`."""
        check_step(name, fn, effects, verify)
        raising = self._interruptions.raising
        go_on = None if resume is None else raising(resume)
        body = StepBody(fn=raising(fn), input=input, effects=effects, verify=verify, resume=go_on)
        return await self._do(name, key, body, consent)

    async def _do(self, name: str, key: str | None, body: StepBody, consent: Consent) -> Json:
        path = self._records.place(self._path(name, key))
        full = f"{self._call.key}/{path}"
        check_key(f"the name and key of step {name[:80]!r}", full)
        await self._claims.claim(path)
        try:
            return await self._once(path, full, name, body, consent)
        finally:
            self._claims.release(path)

    async def _once(self, path: str, full: str, name: str, body: StepBody, consent: Consent) -> Json:
        digest, outer, questions = input_digest(body.input), inside.get(), self._questions
        questions.begins(outer)
        try:
            known = await self._known(path, name, body, consent, digest)
            if known is not None and known.recorded:
                return known.value
            if known is None and self._active.gate.holding and not self._must_end(path):
                await self._hold(path, outer)
            self._under_way.add(path)
            done = await self._allowed(path, name, digest, body, consent) if known is None else known
            usage = self._used.get(path) if known is None else body.used(done.value)
            used = StepUsage(usage, self._payers.get(path, self._payer))
            value = self._records.done(
                path, name, digest, done.value, used=used, place=done.place, effects=questions.done(path),
                refused=done.refused,
            )  # fmt: skip
            self._used.pop(path, None)
            await self._active.journal.committed()
        except Interrupt as interrupt:
            if isinstance(interrupt, Suspended):
                await self._wait(path, name, outer, interrupt)
            self._interruptions.note(outer, interrupt)
            raise
        finally:
            self._under_way.discard(path)
            self._records.spent(self._used.pop(path, None), self._payers.pop(path, self._payer))
            self._active.effects.pop(full, None)
            questions.ends(outer)
            if self._held is not None:
                self._held.look()
        return value

    async def _wait(self, path: str, name: str, outer: str, waits: Suspended) -> None:
        """Put what a step asks, and wait until none of the steps beside it can go on."""
        if waits.step == path:
            require_leave(name, waits)
            await self._questions.ask(path, waits)
        await self._questions.wait(outer)

    async def _allowed(self, path: str, name: str, digest: str, body: StepBody, consent: Consent) -> KnownStep:
        """Do a step if the rules, and the people whom they ask, allow it; else give the value that it has then."""
        steps = self._active.history.steps.get(self._call.key, {})
        no = self._questions.refused(path, name, digest, steps)
        if no is None:
            try:
                return KnownStep(await self._ruled(path, name, body, consent))
            except Forbidden as forbidden:
                within, forbidden.step = forbidden.step is not None, forbidden.step or path
                if within or consent.refused is None:
                    raise
                no = Refused(forbidden.rule, forbidden.reason, forbidden.done)
        if consent.refused is None or is_scarce(no.rule):
            raise Forbidden(no.rule, no.reason, step=path)
        if (told := len(self._records.refusals())) >= consent.max_refusals:
            raise Forbidden(no.rule, f"{no.reason} (the agent was told of {told} refusals before)", step=path)
        self.refusals.append(no.rule)
        return KnownStep(consent.refused(no), refused=no.rule)

    async def _ruled(self, path: str, name: str, body: StepBody, consent: Consent) -> Json:
        """Do a step under the rules, with the arguments that were put in place of those of the model, if any were."""
        said = granted_to(path, self._call.granted)
        sent = consent.sent(body.input, said)
        rules = self._active.runtime.dispatcher.step_rules(self._agent)

        async def work() -> Json:
            if consent.ask is not None and not allowing(said):
                raise Suspended(consent.ask, path, APPROVAL)
            value = await self._sent.kept(path, self._effects.happened(path, name, body, sent))
            if body.usage is not None:
                step.used = self._used[path] = counted(body.usage(value), step.bound)
            return value

        step = StepCall(
            call=self._asking, name=name, path=path, input=sent, body=work, bound=body.bound, usage=body.usage,
            edit=consent.edit, asked=self._questions.rules(path),
        )  # fmt: skip
        return await (work() if rules is None else rules(step, self))

    @property
    def granted(self) -> Mapping[str, Json]:
        """What people said who allowed the step one is in."""
        return allowing(granted_to(inside.get(), self._call.granted))

    async def ask(self, ask: Ask, *, announce: Callable[[str], Awaitable[Json]] | None = None) -> Json:
        """Ask people about the step one is in; see `podium.model.steps.Steps`."""
        path, said = inside.get(), self.granted
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
        waits = Suspended(ask, path, APPROVAL if ask.kind == "permission" else None)
        self._interruptions.note(path, waits)
        raise waits

    async def call(self, agent: AnyAgent, input: Json) -> Json:
        """Call another agent below this call; see `podium.model.steps.Steps`."""
        must_be_agent(agent)
        called, name = CalledInSteps(self._active, self._call, self._progress), agent.card.name

        async def answered() -> Json:
            path = inside.get()
            if (known := called.find(path, name, input)) is None:
                raise Suspended(CallWanted(agent, input), path)
            return known.given()

        return await self.once(call_step(name), answered, input=input)

    async def beside(self, agent: AnyAgent, input: Json, *, sent: ChangeSent | None = None) -> Outcome:
        """Have another agent asked in the step one is in; see `podium.model.rule_steps.RuleSteps`."""
        path, above, dispatcher = inside.get(), self._call, self._active.runtime.dispatcher
        if not path:
            raise UsageError(f"{agent.card.name} is asked outside of a step: ask it in what `steps.once` runs.")
        dispatcher.route(agent)
        call = replace(
            above, key=f"{above.key}/{path}", agent=agent.card.name, version=agent.card.version, input=input, attempt=1,
            timeout=None, conversation=None, granted=granted_to(path, above.granted), feedback="",
        )  # fmt: skip
        self._payers[path] = Payer(agent.card.name, beside=True)
        steps = StepsBeside(self, agent, call, path, sent)
        outcome = await dispatcher.dispatch(agent, call, steps)
        match outcome:
            case Pending():
                raise Suspended(outcome.ask, outcome.step or path, outcome.rule)
            case Done() if outcome.usage is not None and not steps.usd:  # else its steps have told what it came to
                self._used[path] = outcome.usage
            case _:
                pass
        return outcome

    def _must_end(self, path: str) -> bool:
        """Whether a step is part of what is not to be cut: an effect that happens once, the check of an answer."""
        return self._agent.card.effects == "once" or bool(in_effect.get()) or is_under_guard(path)

    async def _hold(self, path: str, outer: str) -> None:
        """The worker stops: wait at a step that has not begun until the run is let go."""
        if self._held is None:
            self._held = HeldSteps(self._active.gate, self._under_way)
        self._questions.ends(outer)
        try:
            await self._held.wait(path)
        finally:
            self._questions.begins(outer)

    async def _stand_back(self, step: str) -> None:
        """Do so beside the other steps of the call, which may be under way."""
        self._under_way.discard(step)
        await self._hold(step, inside.get())

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Say, inside a step, what it sends; see `podium.model.steps.Steps`."""
        path = inside.get()
        if path in self._under_way:
            self._sent.tell(path, sent, kept)

    def emit(self, chunk: Json) -> None:
        """Stream a chunk to those who watch the run, as `emitted`, or as the event that it is."""
        call, again, self._again = self._call, self._again, False
        self._active.journal.emitter.emit(chunk, call.key, call.attempt, inside.get(), again=again)

    async def _known(self, path: str, name: str, body: StepBody, consent: Consent, digest: str) -> KnownStep | None:
        """Return what is recorded of a step, by this attempt or an earlier one, or else what is found out about it."""
        call, records, once = self._call, self._records, body.effects == "once"
        if (known := records.found(path, name, body.input, digest, once=once)) is not None or not once:
            return known
        if records.deferred(path):
            return None
        begun, place = records.begun(path), None
        if begun is None and call.lineage > 1:
            place = records.before().effect(name, digest)
            begun = None if place is None else self._active.history.steps[call.key][place].intent
        if begun is None:
            begun = self._active.history.unclaimed.effect_of(call.key, call.agent, name)
        if begun is None:
            return None
        sent = consent.sent(body.input, granted_to(path, call.granted))
        doubt = Doubt(path, name, sent, receiver_key(self._active, begun))
        found = await self._effects.resolve_doubt(doubt, body.verify, place)
        return None if found is None else KnownStep(found["done"], place)

    def _path(self, name: str, key: str | None) -> str:
        """Return the step's place: under the step one is in, by its key or by how often its name came before."""
        outer = inside.get()
        shared = is_guard_step(name)  # a verdict on a value is the same in every lineage
        prefix = f"{outer}/{name}" if outer else name if shared else f"{self._call.lineage}/{name}"
        if key is not None:
            return f"{prefix}/{key}"
        count = self._counts.get(prefix, 0)
        self._counts[prefix] = count + 1
        return f"{prefix}#{count}"


class StepsBeside(CallSteps):
    """The steps of an agent that is asked inside a step of another one's call: recorded there, under its own rules.

    What it writes is not streamed, since readers would take it for the answer; it has no turn in the conversation; and
    its requests are told under its own name.
    """

    __slots__ = ("_around", "_change", "_within")

    def __init__(self, around: CallSteps, agent: AnyAgent, call: Call, within: str, sent: ChangeSent | None) -> None:
        for name in (*StepsForRules.__slots__, *CallSteps.__slots__):
            setattr(self, name, getattr(around, name))
        self._around = around
        self._agent = agent
        self._within = within
        self._change = sent
        self._payer = Payer(agent.card.name, beside=True)
        self._asking = replace(call, granted=around._call.granted)  # noqa: SLF001 - of its own kind
        self.conversation = self.turn = None

    @property
    def turns(self) -> Sequence[AgentTurn]:
        """Nothing was asked and said before it in its branch."""
        return ()

    def answered(self, usage: Usage) -> None:
        """Leave it to the step that it is asked in to tell what its answer came to."""

    def _is_own(self, path: str, said: StepDone) -> bool:
        return path.startswith(f"{self._within}/") and said.by == self._payer.by

    async def _hold(self, path: str, outer: str) -> None:
        await self._around._hold(path, outer)  # noqa: SLF001 - of its own kind

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Say, inside a step, what it sends, and that this agent does."""
        change = self._change
        super().tell_sent(lambda at: self._named(sent(at) if change is None else change(sent(at))), kept)

    def emit(self, chunk: Json) -> None:
        """Stream that a model is asked, and nothing of what it writes."""
        if isinstance(chunk, streams.RequestStarted):
            super().emit(chunk)

    def _named(self, sent: Json) -> Json:
        """Return a request with the name of the agent, where it is its own and says who asks."""
        return sent if sent.get("agent", "?") else {**sent, "agent": self._agent.card.name}
