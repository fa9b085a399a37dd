"""The way of a call from its first attempt to its outcome: waits, doubts, retries, fallbacks, inline workflows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from podium.dispatch.dispatcher import Target
from podium.engine.calls.inline import InlineRun
from podium.engine.calls.steps import CallSteps
from podium.engine.primitives.joins import Race
from podium.engine.primitives.questions import answer_to, asked_again, open_question, waiting_for
from podium.engine.primitives.waits import Sleep
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.caller import Caller
from podium.engine.run.progress import CallProgress, approved, denied
from podium.errors import Blocked, InvalidValue, UnknownAgent
from podium.model.agent import AnyAgent, Card
from podium.model.call import Call
from podium.model.fact import FactKind
from podium.model.fallback import Degraded, FallbackValue
from podium.model.json import Json
from podium.model.outcome import Cancelled, Done, Enter, Failed, Failure, Outcome, Pending, Refused, Until, Usage
from podium.model.question import IN_DOUBT_SCHEMA, Ask
from podium.model.retry import KEEPS_LINEAGE, FailureKind, Retry
from podium.model.step import grant_of
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode

Fallbacks = Sequence[Target | FallbackValue]
"""Who, or what, comes next when an agent has failed for good."""

_SCARCE = ("budget", "limit")
"""Rules that say that there is not enough of something; what other rules refuse, nobody else may do instead."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that fits."""

    value: Any
    payload: bytes
    usage: Usage | None
    lacks: Degraded | None
    """What it is short of, where somebody else answered than was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What one call wants otherwise than its agent's card says."""

    timeout: float | None = None
    within: float | None = None
    retry: Retry | None = None
    fallback: Fallbacks | None = None


@dataclass(slots=True, kw_only=True)
class Attempts:
    """One call that is under way."""

    active: ActiveRun
    branch: BranchTask
    path: str
    """The path of the context that asks."""
    key: str
    agent: AnyAgent
    """Who was asked first."""
    card: Card
    """Its card, as the rules of the configuration fill it in."""
    input: Json
    options: CallOptions
    caller: Caller
    progress: CallProgress
    deadline: float | None

    async def outcome(self) -> Given | Failed | Refused | Cancelled:
        """Try until there is an answer, or no further try is allowed."""
        while True:
            asked = self.present()
            if isinstance(asked, FallbackValue):
                outcome = Done(self._plain(asked))
            else:
                outcome = await self._settled(asked)
            if isinstance(outcome, Done):
                outcome = self._given(asked, outcome)
            match outcome:
                case Given() | Cancelled():
                    return outcome
                case Failed() | Refused() if not self._goes_on(asked, outcome):
                    return outcome
                case _:
                    pass  # once more

    # Who

    @property
    def _fallbacks(self) -> Fallbacks:
        named = self.options.fallback
        return self.card.fallback if named is None else named

    def present(self) -> AnyAgent | FallbackValue:
        """Return who is to be asked now: the agent, or the fallback that it has come to; raises Blocked."""
        fallen = self.progress.fallen
        if not fallen:
            return self.agent
        if fallen > len(self._fallbacks):
            raise Blocked(f"call {self.key}: it had come to fallback {fallen}; now there are {len(self._fallbacks)}")
        target = self._fallbacks[fallen - 1]
        if isinstance(target, FallbackValue):
            return target
        try:
            return self.active.runtime.dispatcher.route(target)[0]
        except UnknownAgent as error:
            raise Blocked(f"call {self.key}: {error}") from error

    def _given(self, asked: AnyAgent | FallbackValue, done: Done) -> Given | Failed:
        """Check that an answer fits what the agent that was asked first declares."""
        payload, most = encode(done.value), self.active.runtime.max_payload_bytes
        if len(payload) > most:
            message = f"the answer has {len(payload)} bytes, {most} are allowed"
            return Failed(Failure(FailureKind.VALIDATION, "TooLarge", message))
        try:
            value = self.agent.output.load(decode(payload) if MASKING.active else done.value)
        except InvalidValue as error:
            return Failed(Failure(FailureKind.VALIDATION, "BadAnswer", str(error)))
        if asked is self.agent:
            return Given(value, payload, done.usage, None)
        by = None if isinstance(asked, FallbackValue) else asked.card.name
        lacks = Degraded(key=self.key, agent=self.agent.card.name, by=by, why=self.progress.why)
        return Given(value, payload, done.usage, lacks)

    @property
    def _inside(self) -> str:
        """Where an inline workflow records what it does."""
        attempt = self.progress.attempt
        return self.key if attempt == 1 else f"{self.key}.r{attempt}"

    # Once

    async def _settled(self, agent: AnyAgent) -> Outcome | None:
        """Dispatch once, and wait for whatever has to be waited for; None where the agent has to run again."""
        outcome = await self._attempt(agent)
        if isinstance(outcome, Enter):
            return await self._after(outcome, await self._enter(agent, outcome))
        return await self._pending(outcome) if isinstance(outcome, Pending) else outcome

    async def _attempt(self, agent: AnyAgent) -> Outcome:
        """Dispatch once, unless an answer is under way already."""
        active, progress = self.active, self.progress
        if progress.denied is not None:
            progress.over = True
            return progress.denied
        if progress.due is not None and (late := await self._pause()):
            return late
        if progress.asked is not None and self._asked_after() is None:
            body = progress.asked.body
            return Pending(asked_again(progress.asked), body["step"], body.get("rule"))
        call = self._call(agent)
        if progress.doubtful:
            progress.doubtful = False
            known = await self._verify(agent, call, "this process does not know how it ended")
            never = isinstance(known, Failed) and known.failure.not_done
            if never or isinstance(known, Pending):
                await active.live(self.branch, self.key)
            if not never:
                return known  # else this attempt is still to be made
        steps = CallSteps(active, self.branch, call, agent, progress.resolved)
        if agent.card.kind == "workflow" and active.history.has_under(self._inside):
            rules = active.runtime.dispatcher.run_rules(agent, admitted=True, delegated=False) or agent.run
            return await self.branch.at(self.key, rules(call, steps))  # it was let in before, and stays so
        if agent.card.effects != "once":
            return await self.branch.at(self.key, active.runtime.dispatcher.dispatch(agent, call, steps))
        return await self._do_once(agent, call, steps)

    def _plain(self, given: FallbackValue) -> Json:
        try:
            return self.agent.output.dump(given.value)
        except InvalidValue:
            return self.agent.output.dump(self.agent.output.load(given.value))

    async def _do_once(self, agent: AnyAgent, call: Call, steps: CallSteps) -> Outcome:
        """Dispatch a call that must not happen twice: what does not say how it ended is in doubt."""
        active, progress = self.active, self.progress
        if not progress.begun:
            active.append(FactKind.INTENT, self.key, encode({"name": call.agent, "epoch": active.run.epoch}))
            progress.begun = True
        await active.committed()
        await self.branch.shielded(active.runtime.fresh())
        outcome = await self.branch.shielded(active.runtime.dispatcher.dispatch(agent, call, steps))
        if isinstance(outcome, Failed) and not (outcome.failure.not_done or outcome.failure.unavailable):
            failure = outcome.failure
            return await self._verify(agent, call, f"it ended with {failure.type}: {failure.message}")
        return outcome

    def _call(self, agent: AnyAgent) -> Call:
        run, progress, card = self.active.run, self.progress, agent.card
        return Call(
            run=run.id, key=self.key, agent=card.name, version=card.version, input=self.input,
            attempt=progress.attempt, lineage=progress.lineage, timeout=self._seconds(agent), tenant=run.tenant,
            principal=run.principal, root=run.root, priority=run.priority, deadline=self.deadline,
            callers=self.caller.callers, granted=progress.granted, feedback=progress.feedback,
        )  # fmt: skip

    def _seconds(self, agent: AnyAgent) -> float | None:
        """Return how long this attempt may take: what the call or the agent says, but not past the deadline."""
        seconds = self._timeout(agent)
        if self.deadline is None:
            return seconds
        left = max(0.0, self.deadline - self.active.runtime.clock.now())
        return left if seconds is None else min(seconds, left)

    def _timeout(self, agent: AnyAgent) -> float | None:
        seconds = self.options.timeout
        return self._card_of(agent).timeout if seconds is None else seconds

    def _card_of(self, agent: AnyAgent) -> Card:
        return self.card if agent is self.agent else self.active.runtime.dispatcher.card(agent)

    async def _verify(self, agent: AnyAgent, call: Call, why: str) -> Outcome:
        """A `once` call is in doubt: ask its `verify`, or else a person."""
        try:
            known = await self.branch.shielded(agent.verify(call))
        except Exception as error:  # foreign code; if it fails it cannot tell
            known, why = None, f"{why}; its verify failed with {type(error).__name__}: {error}"
        if known is not None:
            return known
        text = f"Did {call.agent} happen (run {call.run}, key {call.key})? {why}."
        return Pending(Ask(text=text, subject=call.input, schema=IN_DOUBT_SCHEMA, kind="in_doubt", to="operators"))

    async def _enter(self, agent: AnyAgent, enter: Enter) -> Done | Failed:
        """Run a workflow inline, under this key; with a time limit, against a durable timer."""
        active, path = self.active, self._inside
        limits = (self._timeout(agent), self.options.within)
        seconds = min((each for each in limits if each is not None), default=None)
        frame = InlineRun(
            active, self.branch, self.path, path, workflow=enter.workflow, input=enter.input,
            callers=self.caller.callers,
            deadline=self.deadline if seconds is None else self._due(f"{path}.timeout", seconds),
        )  # fmt: skip
        if seconds is None:
            entered = await frame.perform(self.branch)
        else:
            timer = Sleep(active, self.branch, self.path, f"{path}.timeout", seconds)
            entered = await Race(active, self.branch, self.path, f"{path}.first", [frame, timer])
        if entered is None:
            return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", f"no answer within {seconds:g} s"))
        outcome, undos = entered
        await active.gate()
        self.caller.adopt(undos)
        return outcome

    async def _after(self, enter: Enter, outcome: Done | Failed) -> Outcome | None:
        """Have the answer of an inline workflow checked by who has the last word on it, and wait for whom that asks."""
        while isinstance(outcome, Done) and enter.after is not None:
            known, progress = self._asked_after(), self.progress
            checked = known or await self.branch.at(self.key, enter.after(outcome, progress.granted))
            if not isinstance(checked, Pending):
                return checked
            if (answered := await self._pending(checked)) is not None:
                return answered
        return outcome

    def _asked_after(self) -> Pending | None:
        """Return what is still asked about the answer of an inline workflow, if that is recorded."""
        asked = self.progress.asked
        if asked is None or self.agent.card.kind != "workflow" or asked.body["step"] is None:
            return None
        return Pending(asked_again(asked), asked.body["step"], asked.body.get("rule"))

    def _due(self, timer: str, seconds: float) -> float:
        """Return when an inline workflow has to be done: the deadline above, or the time of its own timer if sooner."""
        record = self.active.history.records.get(timer)
        known = None if record is None or record.opened is None else record.opened.body["due"]
        own: float = self.active.runtime.clock.now() + seconds if known is None else known
        return own if self.deadline is None else min(own, self.deadline)

    # Waiting

    async def _pause(self) -> Failed | None:
        """Wait until the next attempt is due; where that is past the deadline, say so at once."""
        due, self.progress.due = self.progress.due, None
        if due is None or self.active.runtime.clock.now() >= due:
            return None
        if self.deadline is not None and due >= self.deadline:
            message = "the next attempt would begin only after the deadline"
            return self._for_good(Failure(FailureKind.TIMEOUT, "DeadlinePassed", message))
        await self.active.wait(self.branch, self.key, "timer", self.key, due)
        return None

    async def _pending(self, pending: Pending) -> Outcome | None:
        """Wait for people or a time; returns what they said, or None where the agent has to run (again)."""
        progress, ask = self.progress, pending.ask
        if isinstance(ask, Until):
            progress.due, progress.begun = ask.at, False
            self.active.append(FactKind.HELD, self.key, encode({"until": ask.at, "why": ask.why, "rule": pending.rule}))
            return None
        known, progress.asked = progress.asked, None
        if known is None and self.deadline is not None:
            left = max(0.0, self.deadline - self.active.runtime.clock.now())
            ask = replace(ask, within=left if ask.within is None else min(left, ask.within))
        question = (
            waiting_for(known) if known else open_question(self.active, self.key, ask, pending.step, rule=pending.rule)
        )
        grant = None if pending.rule is None else grant_of(pending.rule, pending.step)
        answers = await answer_to(self.active, self.branch, self.key, question, grant=grant, rule=pending.rule)
        if pending.rule is not None and grant is not None:
            return self._permitted(pending.rule, grant, answers)
        if answers is None:
            why = f"nobody answered: {ask.text}"
            if self._fall_back(f"QuestionExpired: {why}"):
                return None
            return self._for_good(Failure(FailureKind.TIMEOUT, "QuestionExpired", why))
        value = answers[0]["value"]
        if pending.step is not None:
            progress.resolved[pending.step] = value
            return None
        if ask.kind != "in_doubt":
            return Done(value if ask.quorum == 1 else answers)
        return await self._told(value)

    def _permitted(self, rule: str, grant: str, answers: list[Json] | None) -> Refused | None:
        """Let the call pass the rule, if a person said so."""
        if answers is None or not approved(answers):
            self.progress.over = True
            return denied(rule, answers)
        self.progress.granted[grant] = answers[0]["value"]
        self.progress.begun = False
        return None

    async def _told(self, value: Json) -> Outcome | None:
        """Take what a person says of a `once` call that was in doubt."""
        if "happened" in value:
            return Done(value["happened"])
        if "fail" in value:
            return self._for_good(Failure(FailureKind.BUG, "GivenUp", value["fail"]))
        self._retry(Failure(FailureKind.TRANSPORT, "NotDone", "a person said that it was not done"), 0.0)
        await self.active.committed()
        return None

    def _for_good(self, failure: Failure) -> Failed:
        """Return a failure after which nobody is asked again."""
        self.progress.over = True
        return Failed(failure)

    # Again

    def _goes_on(self, asked: AnyAgent | FallbackValue, outcome: Failed | Refused) -> bool:
        """Record that another attempt follows, or a fallback, if one does."""
        if self.progress.over or isinstance(asked, FallbackValue):
            return False
        if isinstance(outcome, Refused):
            scarce = outcome.rule.partition(":")[0] in _SCARCE
            return scarce and self._fall_back(f"{outcome.rule}: {outcome.reason}")
        failure = outcome.failure
        told = f"{failure.type}: {failure.message}"
        if failure.unavailable and self._fall_back(told):
            return True
        return self._try_again(asked, failure) or self._fall_back(told)

    def _try_again(self, agent: AnyAgent, failure: Failure) -> bool:
        """Record that another attempt follows, if one is allowed."""
        progress, card = self.progress, self._card_of(agent)
        retry = self.options.retry or card.retry
        tries = progress.attempt - progress.first + 1
        happened = failure.kind is FailureKind.VALIDATION and card.effects == "once"
        if happened or not retry.allows(failure.kind, tries):
            return False
        chance = self.active.chance(f"{self.key}/{progress.attempt}").random()
        pause = max(retry.pause(failure.kind, tries, chance), failure.retry_after or 0.0)
        unfit = failure.kind is FailureKind.VALIDATION and retry.feedback
        self._retry(failure, pause, feedback=failure.message if unfit else "")
        return True

    def _fall_back(self, why: str) -> bool:
        """Record that the next fallback is asked, if there is one."""
        progress = self.progress
        if progress.fallen >= len(self._fallbacks):
            return False
        progress.fallen += 1
        progress.first, progress.why = progress.attempt + 1, why
        progress.granted = {}
        self._retry(Failure(FailureKind.BUG, "Fallback", why), 0.0)
        return True

    def _retry(self, failure: Failure, pause: float, *, feedback: str = "") -> None:
        progress = self.progress
        progress.attempt += 1
        if failure.kind not in KEEPS_LINEAGE:
            progress.lineage += 1
        progress.due = self.active.runtime.clock.now() + pause
        progress.begun, progress.feedback = False, feedback
        body: dict[str, Json] = {
            "attempt": progress.attempt, "lineage": progress.lineage, "due": progress.due,
            "kind": failure.kind, "type": failure.type, "message": failure.message,
        }  # fmt: skip
        if progress.fallen:
            body |= {"fallen": progress.fallen, "first": progress.first, "why": progress.why}
        if feedback:
            body["feedback"] = feedback
        self.active.append(FactKind.RETRY, self.key, encode(body))
