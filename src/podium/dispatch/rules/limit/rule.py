"""No more happens at once, or in a time, than the limits of agents, models and tenants allow."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from podium.dispatch.alarm import Ring
from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.rules.limit.bounds import on_calls, on_calls_of, on_tokens
from podium.dispatch.rules.limit.gate import Gate, Sent, at_once, begin, in_turn, leave, withdraw
from podium.dispatch.rules.limit.limiter import LimitEntry
from podium.dispatch.rules.limit.share import Sharing
from podium.dispatch.shares import take_share
from podium.errors import Forbidden, Interrupt, Suspended
from podium.in_threads import CALL_WORK, CallWork
from podium.model.agent import Card
from podium.model.budget import USUAL_OUTPUT, BudgetLimits
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.embedding import embedder_asked
from podium.model.json import Json
from podium.model.limit import Limit, LimitSettings
from podium.model.outcome import Cancelled, Failed, Outcome, Pending, Refused
from podium.model.rule_steps import RuleSteps
from podium.model.step import StepCall


class LimitRule:
    """The limits of a store, as this process has its share of them; or of this process alone, without `sharing`."""

    def __init__(self, settings: LimitSettings, clock: Clock, ring: Ring, sharing: Sharing | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ring = ring
        self._sharing = sharing
        self._gates: dict[str, Gate] = {}
        self._draining = False

    def drain(self) -> None:
        """Send everybody away who waits, and whoever comes and would have to wait."""
        self._draining = True
        for gate in self._gates.values():
            gate.drain()

    async def close(self) -> None:
        """Tell other processes what was used, and leave them the rest."""
        if self._sharing is None:
            return
        if self._sharing.tasks:
            await asyncio.wait(self._sharing.tasks)
        for gate in self._gates.values():
            if gate.share is not None:
                await gate.share.close()

    def forget(self, run: str, key: str) -> None:
        """A call was cancelled: what it waits for on disk, others may have at once."""
        for gate in self._gates.values():
            gate.forget(run, key)

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Have calls of an agent, and all calls of a tenant, pass their limits."""
        if card.traits.runs_inline:
            return handler
        own = [self._gate(name, limit) for name, limit in on_calls_of(card).items()]
        if not own and not self._settings.tenants:
            return handler

        async def limited(call: Call, steps: RuleSteps) -> Outcome:
            gates = own
            if self._settings.tenants and (tenant := self._tenant(call, tokens=False)) is not None:
                gates = [*own, tenant]
            entries = at_once(gates, call, "", 0)
            if entries is None:
                entries = await in_turn(gates, call, "", 0)
                if isinstance(entries, Sent):
                    return entries.outcome
                call = self._hurried(call)
            work, outcome = self._work(gates, entries), Cancelled()
            token = CALL_WORK.set(work)
            try:
                outcome = await handler(call, steps)
            finally:
                CALL_WORK.reset(token)
                if work.is_over():
                    _leave(work, gates, entries)
                else:
                    _leave_after(work, gates, entries)
            return outcome

        return limited

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Have requests to models and embedders pass their limits, and those on tokens of agent and tenant."""
        settings, own = self._settings, self._gate_if(f"tokens of agent:{card.name}", on_tokens(card.limit))
        if own is None and not settings.models and not settings.tenants:
            return handler

        async def limited(step: StepCall, steps: RuleSteps) -> Json:
            embedder = None if step.bound is None else embedder_asked(step.input)
            if step.name != "model" and embedder is None:
                return await handler(step, steps)
            found = (self._model(step, embedder or card.model), own, self._tenant(step.call, tokens=True))
            gates = [gate for gate in found if gate is not None]
            if step.bound is not None and step.bound.output_tokens > USUAL_OUTPUT:
                tokens = {gate.rule: BudgetLimits(tokens=gate.limit.tokens) for gate in gates}
                take_share(step, tokens)
            bound = 0 if step.bound is None else step.bound.input_tokens + step.bound.output_tokens
            entries = at_once(gates, step.call, step.path, bound)
            if entries is None:
                entries = await in_turn(gates, step.call, step.path, bound)
                if isinstance(entries, Sent):
                    raise _interrupt(entries.outcome, step.path)
            used: int | None = None
            asyncio.get_running_loop().call_soon(_begun, gates, entries)
            try:
                value = await handler(step, steps)
                used = None if step.used is None else step.used.input_tokens + step.used.output_tokens
            finally:
                leave(gates, entries, used)
            return value

        return limited

    def _work(self, gates: Sequence[Gate], entries: Sequence[LimitEntry]) -> CallWork:
        """Return what follows a call that has passed these gates: their windows count from when it really begins."""
        for gate in gates:
            if gate.limiter.windowed:
                return CallWork(lambda said: begin(gates, entries, said), self._clock.now)
        return CallWork()

    def _hurried(self, call: Call) -> Call:
        """Return a call that has waited with what is left of its time."""
        if call.deadline is None:
            return call
        left = max(0.0, call.deadline - self._clock.now())
        return replace(call, timeout=left if call.timeout is None else min(left, call.timeout))

    def _model(self, step: StepCall, model: str) -> Gate | None:
        sent: Json = step.input
        name: str = sent.get("model", model) if hasattr(sent, "get") else model
        models = self._settings.models
        limit = models.get(name) or models.get(name.partition(":")[2]) or models.get("*")
        return self._gate_if(f"model:{name}", limit)

    def _tenant(self, call: Call, *, tokens: bool) -> Gate | None:
        name = f"tokens of tenant:{call.tenant}" if tokens else f"tenant:{call.tenant}"
        if (known := self._gates.get(name)) is not None:
            return known
        limit = self._settings.tenants.get(call.tenant) or self._settings.tenants.get("*")
        return self._gate_if(name, on_tokens(limit) if tokens else on_calls(limit))

    def _gate_if(self, name: str, limit: Limit | None) -> Gate | None:
        return None if limit is None else self._gate(name, limit)

    def _gate(self, name: str, limit: Limit) -> Gate:
        gate = self._gates.get(name)
        if gate is None or gate.limit != limit:  # its agent was defined again
            gate = self._gates[name] = Gate(name, limit, self._clock, self._ring, self._sharing)
            if self._draining:
                gate.drain()
        return gate


def _begun(gates: Sequence[Gate], entries: Sequence[LimitEntry]) -> None:
    """A step has done what it does before its first wait: by now it has begun."""
    begin(gates, entries)


def _leave(work: CallWork, gates: Sequence[Gate], entries: Sequence[LimitEntry]) -> None:
    """Leave the gates; a call that never came to its agent, or to a thread, counts in none."""
    if work.took_place:
        leave(gates, entries)
    else:
        withdraw(gates, entries)


def _leave_after(work: CallWork, gates: Sequence[Gate], entries: Sequence[LimitEntry]) -> None:
    """Leave the gates when all is over that the call began: a function in a thread cannot be cut with it."""

    def over() -> None:
        for gate in gates:
            gate.lingering -= 1
        _leave(work, gates, entries)

    for gate in gates:
        gate.lingering += 1
    work.when_over(over)


def _interrupt(outcome: Pending | Refused | Failed, step: str) -> Interrupt | TimeoutError:
    """Return what is raised where a step does not go on."""
    match outcome:
        case Pending():
            return Suspended(outcome.ask, step)
        case Refused():
            return Forbidden(outcome.rule, outcome.reason)
        case Failed(failure):
            return TimeoutError(failure.message)
