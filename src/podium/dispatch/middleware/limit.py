"""No more happens at once, or in a time, than the limits of agents, models and tenants allow."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.limiter import Entry, Limiter
from podium.errors import Forbidden, Suspended
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.json import Json
from podium.model.limit import Limit, LimitSettings
from podium.model.outcome import Outcome, Pending, Refused, Until
from podium.model.step import Step
from podium.model.steps import Steps

_MOST_REMEMBERED = 10_000
"""So many calls that were sent away are remembered, so that they do not lose their turn."""

Ring = Callable[[float, Callable[[], None]], object]
"""Calls a function at a time, in seconds since 1970."""

Waiter = asyncio.Future[Entry]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What is not let in now: wait until then, or not at all."""

    until: Until | None
    rule: str
    reason: str


class _Gate:
    """One limiter with those who wait at it."""

    def __init__(self, name: str, limit: Limit, clock: Clock, ring: Ring) -> None:
        self.name = name
        self.limit = limit
        self._clock = clock
        self._ring = ring
        self._limiter: Limiter[Waiter] = Limiter(limit)
        self._since: dict[str, float] = {}
        """When those came who were sent away, by run and key."""
        self._rings_at: float | None = None

    async def enter(self, call: Call, tokens: int) -> Entry | _Sent:
        """Let something in: at once, or after a short wait in memory; or send it away."""
        now = self._clock.now()
        entry = self._limiter.enter(now, tokens)
        if entry is None:
            sent = self._send_away(call, now, tokens)
            if sent is not None:
                return sent
            entry = await self._wait(call, now, tokens)
        self._since.pop(f"{call.run} {call.key}", None)
        return entry

    def leave(self, entry: Entry, tokens: int | None = None) -> None:
        """It has ended, and used so many tokens."""
        if tokens is not None:
            self._limiter.settle(entry, tokens)
        self._limiter.leave()
        self._pump()

    def _send_away(self, call: Call, now: float, tokens: int) -> _Sent | None:
        limit, rule = self.limit, f"limit:{self.name}"
        if limit.when == "refuse":
            return _Sent(None, rule, f"{self.name} is at its limit: {_words(limit)}")
        at, who = self._limiter.forecast(now, tokens), f"{call.run} {call.key}"
        if at - now <= limit.patience:
            return None
        if len(self._since) < _MOST_REMEMBERED:
            self._since.setdefault(who, now)
        ahead = sum(since < self._since.get(who, now) for since in self._since.values())
        later = 0.0 if limit.requests is None else ahead // limit.requests * limit.per
        return _Sent(Until(at + later, f"{self.name} is at its limit: {_words(limit)}"), rule, "")

    async def _wait(self, call: Call, now: float, tokens: int) -> Entry:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        since = self._since.get(f"{call.run} {call.key}")
        place = self._limiter.queue(waiter, now, tokens, priority=call.priority, since=since)
        self._pump()
        try:
            return await waiter
        except asyncio.CancelledError:
            self._limiter.give_up(place)
            if waiter.done() and not waiter.cancelled():
                self.leave(waiter.result(), 0)  # let in, and cancelled before it knew
            raise

    def _pump(self) -> None:
        """Let in those whose turn it is, and come again when the window has room for the next."""
        now = self._clock.now()
        for waiter, entry in self._limiter.admit(now):
            if waiter.done():
                self._limiter.settle(entry, 0)
                self._limiter.leave()
            else:
                waiter.set_result(entry)
        if not self._limiter.waiting:
            return
        at = self._limiter.next_at(now)
        if at is not None and (self._rings_at is None or at < self._rings_at):
            self._rings_at = at
            self._ring(at, self._rung)

    def _rung(self) -> None:
        self._rings_at = None
        self._pump()


class Limits:
    """The limits of this process."""

    def __init__(self, settings: LimitSettings, clock: Clock, ring: Ring) -> None:
        self._settings = settings
        self._clock = clock
        self._ring = ring
        self._gates: dict[str, _Gate] = {}

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Have calls of an agent, and all calls of a tenant, pass their limits."""
        if card.kind == "workflow":
            return handler
        own = _without_tokens(card.limit)
        if card.concurrency is not None:
            own = Limit(concurrency=card.concurrency) if own is None else own
        if own is None and not self._settings.tenants:
            return handler

        async def limited(call: Call, steps: Steps) -> Outcome:
            gates = [self._gate(f"agent:{card.name}", own), self._tenant(call, tokens=False)]
            return await _through([gate for gate in gates if gate is not None], handler, call, steps)

        return limited

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Have model requests pass the limits of their model, and the limits on tokens of their agent and tenant."""
        settings = self._settings
        own = _only_tokens(card.limit)
        if own is None and not settings.models and not settings.tenants:
            return handler

        async def limited(step: Step, steps: Steps) -> Json:
            if step.name != "model":
                return await handler(step, steps)
            sent: Json = step.input
            model: str = sent.get("model", card.model) if hasattr(sent, "get") else card.model
            limit = (
                settings.models.get(model) or settings.models.get(model.partition(":")[2]) or settings.models.get("*")
            )
            gates = [
                self._gate(f"model:{model}", limit), self._gate(f"tokens of agent:{card.name}", own),
                self._tenant(step.call, tokens=True),
            ]  # fmt: skip
            return await _step_through([gate for gate in gates if gate is not None], handler, step, steps)

        return limited

    def _tenant(self, call: Call, *, tokens: bool) -> _Gate | None:
        limit = self._settings.tenants.get(call.tenant) or self._settings.tenants.get("*")
        name = f"tokens of tenant:{call.tenant}" if tokens else f"tenant:{call.tenant}"
        return self._gate(name, _only_tokens(limit) if tokens else _without_tokens(limit))

    def _gate(self, name: str, limit: Limit | None) -> _Gate | None:
        if limit is None:
            return None
        gate = self._gates.get(name)
        if gate is None:
            gate = self._gates[name] = _Gate(name, limit, self._clock, self._ring)
        return gate


async def _through(gates: list[_Gate], handler: Handler, call: Call, steps: Steps) -> Outcome:
    if not gates:
        return await handler(call, steps)
    gate, *further = gates
    entry = await gate.enter(call, 0)
    if isinstance(entry, _Sent):
        return Refused(entry.rule, entry.reason) if entry.until is None else Pending(entry.until)
    try:
        return await _through(further, handler, call, steps)
    finally:
        gate.leave(entry)


async def _step_through(gates: list[_Gate], handler: StepHandler, step: Step, steps: Steps) -> Json:
    if not gates:
        return await handler(step, steps)
    gate, *further = gates
    bound = 0 if step.bound is None else step.bound.input_tokens + step.bound.output_tokens
    entry = await gate.enter(step.call, bound)
    if isinstance(entry, _Sent):
        if entry.until is None:
            raise Forbidden(entry.rule, entry.reason)
        raise Suspended(entry.until, step.path)
    used: int | None = None
    try:
        value = await _step_through(further, handler, step, steps)
        usage = None if step.usage is None else step.usage(value)
        used = None if usage is None else usage.input_tokens + usage.output_tokens
    finally:
        gate.leave(entry, used)
    return value


def _without_tokens(limit: Limit | None) -> Limit | None:
    """Return what of a limit is about calls."""
    if limit is None or (limit.concurrency is None and limit.requests is None):
        return None
    return Limit(
        concurrency=limit.concurrency, requests=limit.requests, per=limit.per, when=limit.when, patience=limit.patience
    )


def _only_tokens(limit: Limit | None) -> Limit | None:
    """Return what of a limit is about tokens."""
    if limit is None or limit.tokens is None:
        return None
    return Limit(tokens=limit.tokens, per=limit.per, when=limit.when, patience=limit.patience)


def _words(limit: Limit) -> str:
    said = [
        f"{most} {name}"
        for most, name in (
            (limit.concurrency, "at once"), (limit.requests, f"in {limit.per:g} s"),
            (limit.tokens, f"tokens in {limit.per:g} s"),
        )
        if most is not None
    ]  # fmt: skip
    return ", ".join(said)
