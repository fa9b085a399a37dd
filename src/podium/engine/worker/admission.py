"""Whether a run may take place, and whether its value may leave it: the rules for who started it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.delegation.delegations import PRINCIPAL
from podium.engine.calls.steps import CallSteps
from podium.engine.calls.undo import undo_all
from podium.engine.primitives.questions import answer_to, asked_again, open_question, waiting_for
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.caller import Undo
from podium.engine.run.progress import CallProgress, approved, denied, progress_of
from podium.engine.workflow import Workflow
from podium.errors import Blocked, CallFailed, CallRefused
from podium.model.call import Call
from podium.model.fact import FactKind
from podium.model.incident import MONITOR
from podium.model.json import Json
from podium.model.outcome import Done, Enter, Failed, Failure, Outcome, Pending, Refused, Until
from podium.model.retry import FailureKind
from podium.model.run import START
from podium.model.step import grant_of
from podium.store.codec import encode


async def enter(active: ActiveRun, workflow: Workflow[Json, Json], input: Json) -> Json:
    """Run a run's workflow and return its value, once the rules have let it in.

    Whoever starts a run, or spawns it, calls its workflow; so policies, delegations and guards see it as a call. A run
    that has recorded anything was let in, and stays so. Raises CallRefused or CallFailed where it is not.
    """
    run, record = active.run, active.history.take(START)
    said: dict[str, Json] = {} if record is None or record.answered is None else record.answered.body
    refused = None if said.get("outcome", "done") == "done" else _outcome(said)
    if refused is not None and not said.get("output"):
        raise _error(refused)
    admitted = active.history.unseen or bool(said)
    rules = None
    if run.workflow != MONITOR:
        delegated = run.principal.startswith(PRINCIPAL)
        rules = active.runtime.dispatcher.run_rules(workflow, admitted=admitted, delegated=delegated)
    if rules is None and refused is None:
        value, _ = await _run(active, workflow, input)
        return value
    progress = CallProgress() if record is None else progress_of(record)
    admission = _Admission(active=active, workflow=workflow, input=input, rules=rules, progress=progress)
    return await admission.again(refused) if admitted else await admission.first()


async def _run(active: ActiveRun, workflow: Workflow[Json, Json], input: Json) -> tuple[Json, list[Undo]]:
    return await workflow.enter(active, active.main, "", input, callers=active.callers, deadline=active.deadline)


@dataclass(slots=True, kw_only=True)
class _Admission:
    """A run under rules."""

    active: ActiveRun
    workflow: Workflow[Json, Json]
    input: Json
    rules: Handler | None
    progress: CallProgress

    async def first(self) -> Json:
        """Return what the run gives, once it is let in."""
        active = self.active
        await active.live(active.main, START)
        denied = self.progress.denied
        entered = denied or await self._judged()
        if not isinstance(entered, Enter):
            active.append(FactKind.ANSWERED, START, encode(_body(entered)))
            raise _error(entered)
        if self.progress.granted or self.progress.resolved:
            active.append(FactKind.ANSWERED, START, encode({"outcome": "done"}))
        return await self._value(entered, None)

    async def again(self, refused: Refused | Failed | None) -> Json:
        """Return what the run gives, which was let in before; `refused` is what was said of its value."""
        entered = await self._judged()
        if not isinstance(entered, Enter):
            raise Blocked(f"what let the run in objects to it now: {_said(entered)}")
        return await self._value(entered, refused)

    async def _value(self, entered: Enter, refused: Refused | Failed | None) -> Json:
        active, after = self.active, entered.after
        value, undos = await _run(active, self.workflow, entered.input)
        checked: Outcome | None = refused
        if checked is None and after is not None:
            await active.gate()
            checked = self.progress.denied or await self._settled(lambda: after(Done(value), self.progress.granted))
            if not isinstance(checked, Done):
                active.append(FactKind.ANSWERED, START, encode({**_body(checked), "output": True}))
        if checked is None:
            return value
        if isinstance(checked, Done):
            return checked.value
        left = await undo_all(active, active.main, undos)
        raise _error(checked, f"; not undone: {'; '.join(left)}" if left else "")

    async def _judged(self) -> Outcome:
        if (rules := self.rules) is None:
            return Enter(self.workflow, self.input)
        return await self._settled(lambda: rules(self._call(), self._steps()))

    async def _settled(self, ask: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Ask the rules, and the people whom they ask, until all have spoken."""
        while True:
            outcome = await self.active.main.at(START, ask())
            if not isinstance(outcome, Pending):
                return outcome
            if (no := await self._permitted(outcome)) is not None:
                return no

    async def _permitted(self, pending: Pending) -> Refused | None:
        """Wait for people's word; returns what they refuse, or None where it may go on."""
        active, progress, ask = self.active, self.progress, pending.ask
        if isinstance(ask, Until):
            raise Blocked(f"a rule for runs wants to wait until {ask.at}: {ask.why}")
        known, progress.asked = progress.asked, None
        if known is not None and known.body.get("rule") == pending.rule and known.body["step"] == pending.step:
            question, ask = waiting_for(known), asked_again(known)
        else:
            if active.deadline is not None:
                left = max(0.0, active.deadline - active.runtime.clock.now())
                ask = replace(ask, within=left if ask.within is None else min(left, ask.within))
            question = open_question(active, START, ask, pending.step, rule=pending.rule)
        grant = None if pending.rule is None else grant_of(pending.rule, pending.step)
        answers = await answer_to(active, active.main, START, question, grant=grant, rule=pending.rule)
        if answers is not None and grant is None and pending.step is not None:
            progress.resolved[pending.step] = answers[0]["value"]
        elif answers is None or grant is None or not approved(answers):
            return denied(pending.rule or "question", answers)
        else:
            progress.granted[grant] = answers[0]["value"]
        return None

    def _call(self) -> Call:
        run, card = self.active.run, self.workflow.card
        return Call(
            run=run.id, key=START, agent=card.name, version=card.version, input=self.input, tenant=run.tenant,
            principal=run.principal, root=run.root, priority=run.priority, deadline=self.active.deadline,
            callers=self.active.callers, granted=self.progress.granted,
        )  # fmt: skip

    def _steps(self) -> CallSteps:
        return CallSteps(self.active, self.active.main, self._call(), self.workflow, self.progress.resolved)


def _body(outcome: Outcome) -> Json:
    """Return what the journal says of a run that is not let in."""
    match outcome:
        case Refused(rule, reason):
            return {"outcome": "refused", "rule": rule, "reason": reason}
        case Failed(failure):
            return {"outcome": "failed", "kind": failure.kind, "type": failure.type, "message": failure.message}
        case _:
            raise Blocked(f"a rule for runs gave {outcome}")


def _outcome(body: Json) -> Refused | Failed:
    """Return why a run was not let in, as the journal says it."""
    if body["outcome"] == "refused":
        return Refused(body["rule"], body["reason"])
    return Failed(Failure(FailureKind(body["kind"]), body["type"], body["message"]))


def _error(outcome: Outcome, more: str = "") -> CallRefused | CallFailed:
    match outcome:
        case Refused(rule, reason):
            return CallRefused(f"{reason}{more}", rule=rule, key=START)
        case Failed(failure):
            return CallFailed(f"{_said(outcome)}{more}", kind=failure.kind, type=failure.type, key=START)
        case _:
            raise Blocked(f"a rule for runs gave {outcome}")


def _said(outcome: Outcome) -> str:
    match outcome:
        case Refused(rule, reason):
            return f"{rule}: {reason}"
        case Failed(failure):
            return f"{failure.type}: {failure.message}"
        case _:
            return str(outcome)
