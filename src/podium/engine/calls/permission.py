"""What a call, or the start of a run, has to ask people before it goes on, and what they say."""

from dataclasses import dataclass, replace

from podium.engine.primitives.questions import (
    Waiting,
    answer_to,
    asked_again,
    open_question,
    waiting_for,
)
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.progress import CallProgress, approved, denied
from podium.model.outcome import Pending, Refused
from podium.model.question import Ask, PersonAnswer
from podium.model.step import grant_of


@dataclass(frozen=True, slots=True)
class PermissionReply:
    """What people said to a question that no rule asked; `answers` is None if they did not answer in time."""

    ask: Ask
    answers: tuple[PersonAnswer, ...] | None


@dataclass(slots=True, kw_only=True)
class Permission:
    """Asks people on behalf of rules, agents and steps in doubt, and keeps their word for the next attempt."""

    active: ActiveRun
    branch: BranchTask
    key: str
    progress: CallProgress
    deadline: float | None

    async def ask(self, pending: Pending, ask: Ask) -> Refused | PermissionReply | None:
        """Wait for people; returns None if the call may go on: they granted it, or said what became of a step.

        A question that is open already is not put again. If a rule asked, people grant or deny it; if they deny it, or
        do not answer in time, the call is refused for good.
        """
        rule, step = pending.rule, pending.step
        question, ask = self._put(pending, ask)
        grant = None if rule is None else grant_of(rule, step)
        answers = await answer_to(self.active, self.branch, self.key, question, grant=grant, rule=rule)
        if rule is not None and grant is not None:
            return self._decided(rule, grant, answers)
        if step is None or answers is None:
            return PermissionReply(ask, answers)
        self.progress.resolved[step] = answers[0].value
        return None

    def _put(self, pending: Pending, ask: Ask) -> tuple[Waiting, Ask]:
        """Return the question in the inbox, which is put there unless it is recorded."""
        known, self.progress.asked = self.progress.asked, None
        if known is not None and known.rule == pending.rule and known.step == pending.step:
            return waiting_for(known), asked_again(known)
        if self.deadline is not None:
            left = max(0.0, self.deadline - self.active.runtime.clock.now())
            ask = replace(ask, within=left if ask.within is None else min(left, ask.within))
        return open_question(self.active, self.key, ask, pending.step, rule=pending.rule), ask

    def _decided(self, rule: str, grant: str, answers: tuple[PersonAnswer, ...] | None) -> Refused | None:
        """Note what people said to a rule: whether the call may pass it."""
        if answers is None or not approved(answers):
            self.progress.final = True
            return denied(rule, answers)
        self.progress.granted[grant] = answers[0].value
        self.progress.intent_recorded = False
        return None
