"""The call: from its key to its value, through attempts, waits, doubts and inline workflows."""

from dataclasses import asdict
from functools import lru_cache
from typing import Any, Generic, TypeVar

from podium.dispatch.dispatcher import Target
from podium.engine.calls.attempts import outcome_of
from podium.engine.calls.given import Given
from podium.engine.calls.inline import undo_of
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.options import CallOptions
from podium.engine.calls.steps import usage_body
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.caller import Caller, Undo
from podium.engine.run.history import KeyState, describe, shortened
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import CallProgress, in_doubt, progress_of
from podium.errors import Blocked, CallFailed, CallRefused, Diverged, InvalidValue, UnknownAgent
from podium.model.agent import AnyAgent, Card
from podium.model.fact import Fact, FactKind
from podium.model.fallback import Degraded, FallbackValue
from podium.model.json import Json
from podium.model.outcome import Failed, Failure, Refused
from podium.model.retry import FailureKind
from podium.store.codec import decode, encode

T = TypeVar("T")

_DONE = encode({"outcome": "done"})
_UNDO = "undo_of"
"""Where, under a call, the compensation stands that its agent's card names."""


class AgentCall(Primitive[T], Generic[T]):
    """One request to an agent."""

    __slots__ = ("caller", "input", "options", "target")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, target: Target, input: Any,
        options: CallOptions, caller: Caller,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.target = target
        self.input = input
        self.options = options
        self.caller = caller

    async def perform(self, branch: BranchTask) -> T:
        """Return the recorded value, or have the agent asked and its outcome recorded."""
        active, key = self.active, self.key
        record = active.history.take(key)
        agent, why = self._route(record)
        value = agent.input.dump(self.input)
        payload = encode(value)
        if record is not None:
            self._check(record, agent, payload)
            if record.answered is not None:
                return self._hand_back(branch, agent, record, record.answered)
            if record.cancelled:
                branch.deliver(key)
        card = active.runtime.dispatcher.card(agent)
        open_call = OpenCall(
            active=active, branch=branch, path=self.path, key=key, agent=agent, card=card, input=value,
            options=self.options, caller=self.caller,
            progress=CallProgress() if record is None else progress_of(record), deadline=None,
        )  # fmt: skip
        if record is None or record.opened is None:
            asked_at = await self._ask(branch, card, why, payload)
            open_call.progress.doubtful = key in active.history.done_before_fork
        else:
            asked_at = record.opened.at
            await self._take_up(branch, record, open_call)
        open_call.deadline = self._deadline(branch, asked_at)
        return await self._end(branch, payload, open_call)

    async def _take_up(self, branch: BranchTask, record: KeyState, open_call: OpenCall) -> None:
        """Go on with a call that is recorded as begun."""
        present, progress = open_call.present(), open_call.progress
        kind = None if isinstance(present, FallbackValue) else present.card.kind
        if not isinstance(present, FallbackValue):
            progress.doubtful = in_doubt(present.card.effects, record, progress)
        if progress.doubtful:
            await self.active.gate.passed()  # a cancel waits until it is known whether there is something to undo
        elif kind != "workflow":
            await self.active.live(branch, self.key)

    def _deadline(self, branch: BranchTask, asked_at: float) -> float | None:
        """Return the time after which the answer is of no use: the caller's, or the call's own if that is sooner.

        What cleans up after a cancel, as when the time of the run was up, has time of its own.
        """
        above = None if branch.cancel is Cancel.DELIVERED else self.caller.deadline
        within = self.options.within
        if within is None:
            return above
        return asked_at + within if above is None else min(above, asked_at + within)

    async def _ask(self, branch: BranchTask, card: Card, why: str | None, payload: bytes) -> float:
        """Record that the agent is asked; returns the time."""
        active = self.active
        if len(payload) > active.runtime.max_payload_bytes:
            most = active.runtime.max_payload_bytes
            raise InvalidValue(f"the input of {card.name} has {len(payload)} bytes; {most} are allowed")
        if card.undo is not None:
            self._registered(card.undo, None)  # or the run is blocked, before there is something to undo
        if not active.is_live(branch):
            await active.live(branch, self.key)
        return active.journal.append(FactKind.ASKED, self.key, _asked(card.name, card.version, why), payload)

    def _route(self, record: KeyState | None) -> tuple[AnyAgent, str | None]:
        """Return the agent: the one that is recorded, or the one that fits now."""
        dispatcher = self.active.runtime.dispatcher
        opened = None if record is None else record.opened
        if opened is not None and opened.kind is FactKind.ASKED:
            name, version = opened.body["agent"], opened.body["version"]
            if not isinstance(self.target, str) and "why" not in opened.body:
                agent, _ = dispatcher.route(self.target)
                moved = agent.card.name == name and agent.card.version != version
                return self._registered(name, version) if moved else agent, None
            if self.target == name or "why" in opened.body:
                return self._registered(name, version), None
        try:
            agent, choice = dispatcher.route(self.target)
        except UnknownAgent as error:
            if isinstance(self.target, str):
                raise self._waits_for(error) from error
            raise
        return agent, None if choice is None else choice.why

    def _registered(self, name: str, version: str | None) -> AnyAgent:
        """Return an agent by name; without it the run is blocked, and goes on once somebody registers it."""
        try:
            return self.active.runtime.dispatcher.registry.get(name, version)
        except UnknownAgent as error:
            raise self._waits_for(error) from error

    def _waits_for(self, error: UnknownAgent) -> Blocked:
        return Blocked(f"call {self.key}: {error}")

    def _check(self, record: KeyState, agent: AnyAgent, payload: bytes) -> None:
        """Raise Diverged unless the journal has this agent and this input under the key."""
        opened = record.opened
        if opened is None:
            return
        if opened.kind is not FactKind.ASKED or opened.body["agent"] != agent.card.name:
            raise Diverged(self.key, describe(opened), f"a call of {agent.card.name}")
        if opened.payload == payload or opened.payload is None:
            return
        try:
            recorded = encode(agent.input.dump(agent.input.load(decode(opened.payload))))
        except InvalidValue:
            recorded = opened.payload
        if recorded != payload:
            raise Diverged(
                self.key,
                f"a call of {agent.card.name} with {shortened(opened.payload)}",
                f"the same agent with {shortened(payload)}",
            )

    def _hand_back(self, branch: BranchTask, agent: AnyAgent, record: KeyState, fact: Fact) -> T:
        branch.last_at = fact.at
        match fact.body["outcome"]:
            case "done":
                if record.undos:
                    self.caller.adopt([undo_of(undo) for undo in record.undos])
                self._adopt_own(self.active.history.take(f"{self.key}.{_UNDO}"))
                if (
                    self.active.runtime.watches_loops
                    and record.opened is not None
                    and record.opened.payload is not None
                ):
                    branch.note_answer(self.key, agent.card.name, record.opened.payload, fact.payload)
                for lacks in fact.body.get("degraded", ()):
                    self.active.degraded[lacks["key"]] = Degraded(**lacks)
                try:
                    return agent.output.load(decode(fact.payload))
                except InvalidValue as error:
                    raise Diverged(self.key, f"the value {shortened(fact.payload)}", str(error)) from error
            case "refused":
                raise CallRefused(fact.body["reason"], rule=fact.body["rule"], key=self.key)
            case _:
                body = fact.body
                raise self._failed(agent, Failure(FailureKind(body["kind"]), body["type"], body["message"]))

    async def _end(self, branch: BranchTask, input: bytes, open_call: OpenCall) -> T:
        """Have it done, record how it ended, and hand the value back or raise."""
        active = self.active
        match outcome := await outcome_of(open_call):
            case Given():
                at = self._record(open_call.card, input, outcome)
                if active.runtime.watches_loops:
                    branch.note_answer(self.key, open_call.card.name, input, outcome.payload)
            case Refused():
                body: Json = {"outcome": "refused", "rule": outcome.rule, "reason": outcome.reason}
                at = active.journal.append(FactKind.ANSWERED, self.key, encode(body))
            case Failed(failure):
                body = {"outcome": "failed", "kind": failure.kind, "type": failure.type, "message": failure.message}
                if failure.causes:
                    body["causes"] = failure.causes
                at = active.journal.append(FactKind.ANSWERED, self.key, encode(body))
            case _:
                active.journal.append(FactKind.CANCELLED, self.key, encode({"keys": [self.key], "by": self.key}))
                await active.journal.committed()
                branch.deliver(self.key)
        branch.last_at = at
        await active.journal.committed()
        match outcome:
            case Given():
                return outcome.value
            case Refused():
                raise CallRefused(outcome.reason, rule=outcome.rule, key=self.key)
            case Failed(failure):
                raise self._failed(open_call.agent, failure)

    def _record(self, card: Card, input: bytes, given: Given) -> float:
        """Record an answer, what it is short of, and how it is undone; returns the time."""
        active = self.active
        body = _DONE
        if given.lacks is not None:
            active.degraded[self.key] = given.lacks
        below = self._degraded() if active.degraded else None
        if given.usage is not None or below:
            said: dict[str, Json] = {"outcome": "done"}
            if given.usage is not None:
                said["usage"] = usage_body(given.usage)
            if below:
                said["degraded"] = below
            body = encode(said)
        at = active.journal.append(FactKind.ANSWERED, self.key, body, given.payload)
        if card.undo is not None:
            self._record_undo(card.undo, input, given.payload)
        return at

    def _degraded(self) -> list[Json]:
        """Return what this call and those below it are short of, for the fact that stands for all of them."""
        below = f"{self.key}."
        found = sorted(self.active.degraded.items())
        return [asdict(each) for key, each in found if key == self.key or key.startswith(below)]

    def _record_undo(self, name: str, input: bytes, value: bytes) -> None:
        """Register the compensation that the agent's card names."""
        key, undoes = f"{self.key}.{_UNDO}", self._registered(name, None).card
        given = {"input": decode(input), "value": decode(value)}
        self.active.journal.append(
            FactKind.UNDO, key, encode({"agent": undoes.name, "version": undoes.version}), encode(given)
        )
        self.caller.adopt([Undo(key, undoes.name, undoes.version, given)])

    def _adopt_own(self, record: KeyState | None) -> None:
        """Take over the compensation that was registered when the call ended."""
        if record is not None and record.opened is not None:
            self.caller.adopt([undo_of(record.opened)])

    def _failed(self, agent: AnyAgent, failure: Failure) -> CallFailed:
        message = f"{agent.card.name} failed at {self.key}: {failure.type}: {failure.message}"
        return CallFailed(message, kind=failure.kind, type=failure.type, key=self.key)


@lru_cache(maxsize=4096)
def _asked(name: str, version: str, why: str | None) -> bytes:
    """Return the body of the fact that an agent was asked."""
    body = {"agent": name, "version": version}
    return encode(body if why is None else {**body, "why": why})
