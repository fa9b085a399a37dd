"""Whether a run may take place, and whether its value may leave it: the rules for who started it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.dispatch.dispatcher import Handler
from podium.engine.calls.permission import Permission, PermissionReply
from podium.engine.calls.steps import CallSteps
from podium.engine.calls.undo import undo_all
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.caller import Undo
from podium.engine.run.progress import NO_RULE, CallProgress, denied, progress_of
from podium.engine.workflow import Workflow
from podium.errors import Blocked, CallFailed, CallRefused
from podium.model.call import Call
from podium.model.delegation import PRINCIPAL
from podium.model.facts.answers import AnsweredDone, AnsweredFailed, AnsweredRefused, outcome_of, outcome_said
from podium.model.json import Json
from podium.model.outcome import CallWanted, Done, Enter, Failed, Outcome, Pending, Refused, Until
from podium.model.run import START


async def admit(active: ActiveRun, workflow: Workflow[Json, Json], input: Json) -> tuple[Json, Json]:
    """Run a run's workflow, once the rules have admitted it; returns what it was handed, and its value.

    To start or spawn a run is to call its workflow, so policies, delegations and guards see it as a call. A run that
    has recorded anything was admitted, and stays so; guards see what another generation of it is given. Raises
    CallRefused or CallFailed if it is not admitted.
    """
    run, key = active.run, active.generation.start
    record = active.history.take(key)
    said = None if record is None or record.answered is None else record.answered.content
    refused: Refused | Failed | None = None
    if isinstance(said, AnsweredRefused | AnsweredFailed):
        refused = outcome_of(said)
        if not said.output:
            raise _error(refused, key)
    begun = active.history.begun or said is not None
    admitted, delegated = begun or active.generation.number > 1, run.principal.startswith(PRINCIPAL)
    rules = active.runtime.dispatcher.run_rules(workflow, admitted=admitted, delegated=delegated)
    if rules is None and refused is None:
        value, _ = await _run(active, workflow, input)
        return input, value
    progress = CallProgress() if record is None else progress_of(record)
    admission = _Admission(active=active, key=key, workflow=workflow, input=input, rules=rules, progress=progress)
    return await admission.again(refused) if begun else await admission.first()


async def _run(active: ActiveRun, workflow: Workflow[Json, Json], input: Json) -> tuple[Json, list[Undo]]:
    return await workflow.run_inline(
        active, active.main, active.generation.path, input, callers=active.callers, deadline=active.deadline
    )


@dataclass(slots=True, kw_only=True)
class _Admission:
    """A run under rules."""

    active: ActiveRun
    key: str
    """That of the run itself."""
    workflow: Workflow[Json, Json]
    input: Json
    rules: Handler | None
    progress: CallProgress

    async def first(self) -> tuple[Json, Json]:
        """Return what the run is handed and gives, once it is admitted."""
        active = self.active
        await active.live(active.main, self.key)
        denied = self.progress.denied
        entered = denied or await self._judged()
        if not isinstance(entered, Enter):
            active.journal.append(outcome_said(_no(entered)), self.key)
            raise _error(entered, self.key)
        if self.progress.granted or self.progress.resolved:
            active.journal.append(AnsweredDone(), self.key)
        return await self._value(entered, None)

    async def again(self, refused: Refused | Failed | None) -> tuple[Json, Json]:
        """Return the same of a run that was admitted before; `refused` is what rules said of its value."""
        entered = await self._judged()
        if not isinstance(entered, Enter):
            raise Blocked(f"what admitted the run objects to it now: {_said(entered)}")
        return await self._value(entered, refused)

    async def _value(self, entered: Enter, refused: Refused | Failed | None) -> tuple[Json, Json]:
        active, after = self.active, entered.after
        value, undos = await _run(active, self.workflow, entered.input)
        checked: Outcome | None = refused
        if checked is None and after is not None:
            await active.gate.passed()
            checked = self.progress.denied or await self._decided(lambda: after(Done(value), self.progress.granted))
            if not isinstance(checked, Done):
                active.journal.append(outcome_said(_no(checked), output=True), self.key)
        if checked is None:
            return entered.input, value
        if isinstance(checked, Done):
            return entered.input, checked.value
        left = await undo_all(active, active.main, undos)
        raise _error(checked, self.key, f"; not undone: {'; '.join(left)}" if left else "")

    async def _judged(self) -> Outcome:
        if (rules := self.rules) is None:
            return Enter(self.workflow, self.input)
        return await self._decided(lambda: rules(self._call(), self._steps()))

    async def _decided(self, ask: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Ask the rules, and the people whom they ask, until all have decided."""
        while True:
            outcome = await self.active.main.at(self.key, ask())
            if not isinstance(outcome, Pending):
                return outcome
            if (refused := await self._wait_for(outcome)) is not None:
                return refused

    async def _wait_for(self, pending: Pending) -> Refused | None:
        """Wait for people; returns what they refuse, or None if the run may go on."""
        active, ask = self.active, pending.ask
        if isinstance(ask, Until):
            raise Blocked(f"a rule for runs wants to wait until {ask.at}: {ask.why}")
        if isinstance(ask, CallWanted):
            raise Blocked(f"a rule for runs wants to call {ask.agent.card.name}: nobody is called before a run begins")
        permission = Permission(
            active=active, branch=active.main, key=self.key, progress=self.progress, deadline=active.deadline
        )
        reply = await permission.ask(pending, ask)
        return denied(NO_RULE, reply.ask.to, reply.answers) if isinstance(reply, PermissionReply) else reply

    def _call(self) -> Call:
        run, card, turn = self.active.run, self.workflow.card, self.active.mailbox.turns.known(START)
        return Call(
            run=run.id, key=self.key, agent=card.name, version=card.version, input=self.input, tenant=run.tenant,
            principal=run.principal, root=run.root, priority=run.priority, deadline=self.active.deadline,
            callers=self.active.callers, granted=self.progress.granted,
            conversation=None if turn is None else turn.name,
        )  # fmt: skip

    def _steps(self) -> CallSteps:
        return CallSteps(self.active, self.active.main, self._call(), self.workflow, self.progress)


def _no(outcome: Outcome) -> Refused | Failed:
    """Return an outcome that does not admit a run, or let its value out."""
    if isinstance(outcome, Refused | Failed):
        return outcome
    raise Blocked(f"a rule for runs gave {outcome}")


def _error(outcome: Outcome, key: str, more: str = "") -> CallRefused | CallFailed:
    match outcome:
        case Refused(rule, reason):
            return CallRefused(f"{reason}{more}", rule=rule, key=key)
        case Failed(failure):
            return CallFailed(f"{_said(outcome)}{more}", kind=failure.kind, type=failure.type, key=key)
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
