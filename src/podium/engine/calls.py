"""The call: from its key to its value, through attempts, waits, doubts and inline workflows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NoReturn, TypeVar

from podium.dispatch.dispatcher import Target
from podium.engine.drive import Drive
from podium.engine.history import Record, describe, shortened
from podium.engine.inline_run import Inline, InlineRun, Undos, undo_of
from podium.engine.joins import Race
from podium.engine.primitive import Primitive
from podium.engine.progress import Progress, progress_of
from podium.engine.questions import answer_to, asked_again, open_question, waiting_for
from podium.engine.steps import CallSteps, usage_body
from podium.engine.strand import Strand
from podium.engine.waits import Sleep
from podium.errors import (
    Blocked,
    CallFailed,
    CallRefused,
    Diverged,
    InvalidValue,
    UnknownAgent,
)
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.outcome import Cancelled, Done, Enter, Failed, Failure, Outcome, Pending, Refused
from podium.model.question import IN_DOUBT_SCHEMA, Ask
from podium.model.retry import KEEPS_LINEAGE, FailureKind, Retry
from podium.store.codec import decode, encode

T = TypeVar("T")

_DONE = encode({"outcome": "done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What one call wants otherwise than its agent's card says."""

    timeout: float | None = None
    retry: Retry | None = None


class AgentCall(Primitive[T], Generic[T]):
    """One request to an agent."""

    __slots__ = ("input", "options", "owner", "target")

    def __init__(
        self, drive: Drive, strand: Strand, path: str, key: str, target: Target, input: Any, options: CallOptions,
        owner: Undos,
    ) -> None:  # fmt: skip
        super().__init__(drive, strand, path, key)
        self.target = target
        self.input = input
        self.options = options
        self.owner = owner

    async def perform(self, strand: Strand) -> T:
        """Return the recorded value, or have the agent asked and its outcome recorded."""
        drive, key = self.drive, self.key
        record = drive.history.take(key)
        agent, why = self._route(record)
        value = agent.input.dump(self.input)
        payload = encode(value)
        if record is not None:
            self._check(record, agent, payload)
            if record.answered is not None:
                return self._hand_back(strand, agent, record, record.answered)
            if record.cancelled:
                strand.deliver(key)
        if record is None or record.opened is None:
            await self._ask(strand, agent, why, payload)
            progress = Progress(doubtful=key in drive.history.done_before_fork)
        else:
            progress = progress_of(agent.card.effects, record)
            if progress.doubtful:
                await drive.gate()  # a cancel waits until it is known whether there is something to undo
            elif agent.card.kind != "workflow":
                await drive.live(strand, key)
        return await self._attempts(strand, agent, value, progress)

    async def _ask(self, strand: Strand, agent: AnyAgent, why: str | None, payload: bytes) -> None:
        """Record that the agent is asked."""
        drive, card = self.drive, agent.card
        if len(payload) > drive.around.largest:
            most = drive.around.largest
            raise InvalidValue(f"the input of {card.name} has {len(payload)} bytes; {most} are allowed")
        if not drive.is_live(strand):
            await drive.live(strand, self.key)
        drive.append(FactKind.ASKED, self.key, _asked(card.name, card.version, why), payload)

    def _route(self, record: Record | None) -> tuple[AnyAgent, str | None]:
        """Return the agent: the one that is recorded, or the one that fits now."""
        dispatcher = self.drive.around.dispatcher
        opened = None if record is None else record.opened
        if opened is not None and opened.kind is FactKind.ASKED:
            name, version = opened.body["agent"], opened.body["version"]
            if not isinstance(self.target, str) and "why" not in opened.body:
                agent, _ = dispatcher.route(self.target)
                moved = agent.card.name == name and agent.card.version != version
                return self._registered(name, version) if moved else agent, None
            if self.target == name or "why" in opened.body:
                return self._registered(name, version), None
        if isinstance(self.target, str):
            return self._registered(self.target, None), None
        agent, choice = dispatcher.route(self.target)
        return agent, None if choice is None else choice.why

    def _registered(self, name: str, version: str | None) -> AnyAgent:
        """Return an agent by name; without it the run is blocked, and goes on once somebody registers it."""
        try:
            return self.drive.around.dispatcher.registry.get(name, version)
        except UnknownAgent as error:
            raise Blocked(f"call {self.key}: {error}") from error

    def _check(self, record: Record, agent: AnyAgent, payload: bytes) -> None:
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

    def _hand_back(self, strand: Strand, agent: AnyAgent, record: Record, fact: Fact) -> T:
        strand.last_at = fact.at
        match fact.body["outcome"]:
            case "done":
                if record.undos:
                    self.owner.adopt([undo_of(undo) for undo in record.undos])
                try:
                    return agent.output.load(decode(fact.payload))
                except InvalidValue as error:
                    raise Diverged(self.key, f"the value {shortened(fact.payload)}", str(error)) from error
            case "refused":
                raise CallRefused(fact.body["reason"], rule=fact.body["rule"], key=self.key)
            case _:
                body = fact.body
                raise self._failed(agent, Failure(FailureKind(body["kind"]), body["type"], body["message"]))

    async def _attempts(self, strand: Strand, agent: AnyAgent, input: Json, progress: Progress) -> T:
        """Try until there is an answer, or no further try is allowed."""
        while True:
            outcome = await self._attempt(strand, agent, input, progress)
            if isinstance(outcome, Enter):
                outcome = await self._enter(strand, agent, outcome.workflow, input, progress)
            elif isinstance(outcome, Pending):
                outcome = await self._pending(strand, agent, outcome, progress)
            if isinstance(outcome, Done):
                return await self._done(strand, agent, outcome)
            if isinstance(outcome, Refused):
                await self._refuse(strand, outcome)
            elif isinstance(outcome, Cancelled):
                self.drive.append(FactKind.CANCELLED, self.key, encode({"keys": [self.key], "by": self.key}))
                await self.drive.committed()
                strand.deliver(self.key)
            elif outcome is not None and not self._try_again(agent, outcome.failure, progress):
                await self._fail(strand, agent, outcome.failure)

    async def _attempt(self, strand: Strand, agent: AnyAgent, input: Json, progress: Progress) -> Outcome:
        """Dispatch once, unless an answer is under way already."""
        drive, card = self.drive, agent.card
        if progress.due is not None:
            await self._pause(strand, progress)
        if progress.asked is not None:
            return Pending(asked_again(progress.asked), progress.asked.body["step"])
        call = Call(
            run=drive.run.id, key=self.key, agent=card.name, version=card.version, input=input,
            attempt=progress.attempt, lineage=progress.lineage, timeout=self.options.timeout,
            tenant=drive.run.tenant, principal=drive.run.principal,
        )  # fmt: skip
        if progress.doubtful:
            progress.doubtful = False
            known = await self._verify(strand, agent, call, "this process does not know how it ended")
            never = isinstance(known, Failed) and known.failure.not_done
            if never or isinstance(known, Pending):
                await drive.live(strand, self.key)
            if not never:
                return known  # else this attempt is still to be made
        steps = CallSteps(drive, call, progress.resolved)
        if card.effects != "once":
            return await strand.at(self.key, drive.around.dispatcher.dispatch(agent, call, steps))
        if progress.attempt > 1:
            drive.append(FactKind.INTENT, self.key, encode({"name": card.name, "epoch": drive.run.epoch}))
        await drive.committed()
        await strand.shielded(drive.around.fresh())
        outcome = await strand.shielded(drive.around.dispatcher.dispatch(agent, call, steps))
        if isinstance(outcome, Failed) and not outcome.failure.not_done:
            failure = outcome.failure
            return await self._verify(strand, agent, call, f"it ended with {failure.type}: {failure.message}")
        return outcome

    async def _verify(self, strand: Strand, agent: AnyAgent, call: Call, why: str) -> Outcome:
        """A `once` call is in doubt: ask its `verify`, or else a person."""
        try:
            known = await strand.shielded(agent.verify(call))
        except Exception as error:  # foreign code; if it fails it cannot tell
            known, why = None, f"{why}; its verify failed with {type(error).__name__}: {error}"
        if known is not None:
            return known
        text = f"Did {call.agent} happen (run {call.run}, key {call.key})? {why}."
        return Pending(Ask(text=text, subject=call.input, schema=IN_DOUBT_SCHEMA, kind="in_doubt", to="operators"))

    async def _pending(self, strand: Strand, agent: AnyAgent, pending: Pending, progress: Progress) -> Done | None:
        """Wait for people; returns what they said, or None where the agent has to run (again)."""
        known, progress.asked = progress.asked, None
        question = waiting_for(known) if known else open_question(self.drive, self.key, pending.ask, pending.step)
        answers = await answer_to(self.drive, strand, self.key, question)
        if answers is None:
            failure = Failure(FailureKind.TIMEOUT, "QuestionExpired", f"nobody answered: {pending.ask.text}")
            await self._fail(strand, agent, failure)
        value = answers[0]["value"]
        if pending.step is not None:
            progress.resolved[pending.step] = value
            return None
        if pending.ask.kind != "in_doubt":
            return Done(value if pending.ask.quorum == 1 else answers)
        if "happened" in value:
            return Done(value["happened"])
        if "fail" in value:
            await self._fail(strand, agent, Failure(FailureKind.BUG, "GivenUp", value["fail"]))
        self._retry(progress, Failure(FailureKind.TRANSPORT, "NotDone", "a person said that it was not done"), 0.0)
        await self.drive.committed()
        return None

    def _try_again(self, agent: AnyAgent, failure: Failure, progress: Progress) -> bool:
        """Record that another attempt follows, if one is allowed."""
        retry = self.options.retry or agent.card.retry
        if progress.attempt >= retry.attempts or failure.kind not in retry.kinds:
            return False
        chance = self.drive.chance(f"{self.key}/{progress.attempt}").random()
        pause = max(retry.pause(progress.attempt, chance), failure.retry_after or 0.0)
        self._retry(progress, failure, pause)
        return True

    def _retry(self, progress: Progress, failure: Failure, pause: float) -> None:
        progress.attempt += 1
        if failure.kind not in KEEPS_LINEAGE:
            progress.lineage += 1
        progress.due = self.drive.around.clock.now() + pause
        body = {
            "attempt": progress.attempt, "lineage": progress.lineage, "due": progress.due,
            "kind": failure.kind, "type": failure.type, "message": failure.message,
        }  # fmt: skip
        self.drive.append(FactKind.RETRY, self.key, encode(body))

    async def _pause(self, strand: Strand, progress: Progress) -> None:
        due, progress.due = progress.due, None
        if due is not None and self.drive.around.clock.now() < due:
            await self.drive.wait(strand, self.key, "timer", self.key, due)

    async def _enter(
        self, strand: Strand, agent: AnyAgent, workflow: Inline, input: Json, progress: Progress
    ) -> Done | Failed:
        """Run a workflow inline, under this key; with a timeout, against a durable timer."""
        path = self.key if progress.attempt == 1 else f"{self.key}.r{progress.attempt}"
        frame = InlineRun(self.drive, strand, self.path, path, workflow, input)
        seconds = agent.card.timeout if self.options.timeout is None else self.options.timeout
        if seconds is None:
            entered = await frame.perform(strand)
        else:
            timer = Sleep(self.drive, strand, self.path, f"{path}.timeout", seconds)
            entered = await Race(self.drive, strand, self.path, f"{path}.first", [frame, timer])
        if entered is None:
            return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", f"no answer within {seconds:g} s"))
        outcome, undos = entered
        await self.drive.gate()
        self.owner.adopt(undos)
        return outcome

    async def _done(self, strand: Strand, agent: AnyAgent, done: Done) -> T:
        """Record the value and hand it back."""
        payload = encode(done.value)
        if len(payload) > self.drive.around.largest:
            message = f"the answer has {len(payload)} bytes, {self.drive.around.largest} are allowed"
            await self._fail(strand, agent, Failure(FailureKind.VALIDATION, "TooLarge", message))
        try:
            value = agent.output.load(done.value)
        except InvalidValue as error:
            await self._fail(strand, agent, Failure(FailureKind.VALIDATION, "BadAnswer", str(error)))
        body = _DONE if done.usage is None else encode({"outcome": "done", "usage": usage_body(done.usage)})
        strand.last_at = self.drive.append(FactKind.ANSWERED, self.key, body, payload)
        await self.drive.committed()
        return value

    async def _refuse(self, strand: Strand, refused: Refused) -> NoReturn:
        """Record that a rule forbade the call, and raise it."""
        body = {"outcome": "refused", "rule": refused.rule, "reason": refused.reason}
        strand.last_at = self.drive.append(FactKind.ANSWERED, self.key, encode(body))
        await self.drive.committed()
        raise CallRefused(refused.reason, rule=refused.rule, key=self.key)

    async def _fail(self, strand: Strand, agent: AnyAgent, failure: Failure) -> NoReturn:
        """Record that the call failed for good, and raise it."""
        body: Json = {"outcome": "failed", "kind": failure.kind, "type": failure.type, "message": failure.message}
        if failure.causes:
            body["causes"] = failure.causes
        strand.last_at = self.drive.append(FactKind.ANSWERED, self.key, encode(body))
        await self.drive.committed()
        raise self._failed(agent, failure)

    def _failed(self, agent: AnyAgent, failure: Failure) -> CallFailed:
        message = f"{agent.card.name} failed at {self.key}: {failure.type}: {failure.message}"
        return CallFailed(message, kind=failure.kind, type=failure.type, key=self.key)


@lru_cache(maxsize=4096)
def _asked(name: str, version: str, why: str | None) -> bytes:
    """Return the body of the fact that an agent was asked."""
    body = {"agent": name, "version": version}
    return encode(body if why is None else {**body, "why": why})
