"""What a call, one of its steps, or the start of a run has to ask people before it goes on, and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from podium.engine.primitives.questions import InquiryReply, asked_again, first_reply, open_question, reply_that_came
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.progress import CallProgress, approved
from podium.model.facts.waits import QuestionAsked
from podium.model.outcome import Pending, Refused
from podium.model.question import Ask, PersonAnswer
from podium.model.step import grant_of, is_step_path


@dataclass(frozen=True, slots=True)
class PermissionReply:
    """What people said to a question about a call that no rule asked; `answers` is None if they did not in time."""

    question: str
    """Its id."""
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
        """Wait for people; returns None if the agent is to run (again): they granted it, or said something of a step.

        A question that is open already is not put again. If a rule asked about the call, people grant or deny it; if
        they deny it, or do not answer in time, the call is refused for good. What they say of steps the steps take:
        several may be asked about at once, and the first answer lets the agent run again.
        """
        put_question(self.active, self.key, self.progress, ask, pending, deadline=self.deadline)
        return await self.first(ask)

    async def first(self, ask: Ask | None = None) -> Refused | PermissionReply | None:
        """Do the same for the questions that are open."""
        progress = self.progress
        until, progress.until = progress.until, None
        about_call = progress.about_call()
        asked: Sequence[QuestionAsked] = list(progress.asked.values()) if about_call is None else [about_call]
        reply = await first_reply(self.active, self.branch, self.key, asked, until=until)
        return None if reply is None else self._take(reply, ask)

    def take_what_came(self) -> None:
        """Take what people said of steps already, so that the agent runs once for all of it."""
        while reply := reply_that_came(self.active, self.key, list(self.progress.asked.values())):
            self._take(reply, None)

    def _take(self, reply: InquiryReply, ask: Ask | None) -> Refused | PermissionReply | None:
        said, answers = reply
        progress, step, rule = self.progress, said.step, said.rule
        progress.asked.pop((step, rule), None)
        if rule is None and (not is_step_path(step) or (answers is None and said.kind == "in_doubt")):
            return PermissionReply(said.question, ask or asked_again(said), answers)
        if rule is not None and answers is not None and approved(answers):
            progress.grant(grant_of(rule, step), answers[0].value)
            progress.intent_recorded = False
            return None
        progress.take(said, answers)
        progress.final = progress.final or progress.denied is not None
        return progress.denied


def put_question(
    active: ActiveRun, key: str, progress: CallProgress, ask: Ask, about: Pending, *, deadline: float | None
) -> None:
    """Put a question into the inbox, unless it is there."""
    subject = about.step, about.rule
    if subject in progress.asked:
        return
    if deadline is not None:
        left = max(0.0, deadline - active.runtime.clock.now())
        ask = replace(ask, within=left if ask.within is None else min(left, ask.within))
    said = open_question(active, key, ask, about.step, rule=about.rule)
    progress.asked[subject] = said
    if about.rule is not None:
        progress.intent_recorded = False  # as the fact says
    active.mailbox.questions.add(key, said.question)
