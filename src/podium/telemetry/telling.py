"""What an observer is told of one run: makes the spans."""

from dataclasses import dataclass
from typing import Literal

from podium.model.budget import PER_USD, Amount
from podium.model.call import Call
from podium.model.facts.answers import Answered, AnsweredDone, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed, StepDone
from podium.model.facts.codec import left_of
from podium.model.facts.money import AmountReserved, AmountSettled
from podium.model.facts.notices import NoticeContent
from podium.model.facts.runs import Ended
from podium.model.run import Run, RunState
from podium.telemetry.context import TraceContext
from podium.telemetry.observer import Observer
from podium.telemetry.parts import AttemptPart, CallPart, Dispatched, WaitPart
from podium.telemetry.places import Places
from podium.telemetry.spans import (
    AttemptSpan,
    BudgetEvent,
    CallSpan,
    QueueSpan,
    RunSpan,
    SpanEvent,
    SpanOutcome,
    StepSpan,
    WaitSpan,
)

_ENDS: dict[RunState, SpanOutcome] = {
    RunState.DONE: "done", RunState.FAILED: "failed", RunState.CANCELLED: "cancelled"
}  # fmt: skip
_REFUSED = "CallRefused"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBegun:
    """A step that this process began."""

    context: TraceContext
    parent: TraceContext
    began: float
    model: str


class Telling:
    """Tells an observer of the parts of one run, as they end."""

    def __init__(self, run: Run, observer: Observer) -> None:
        self._run = run
        self._observer = observer
        self._begun: dict[str, StepBegun] = {}
        self._failed: dict[tuple[str, int], list[StepSpan]] = {}
        """The steps that failed, by key of the call and number of the attempt: told with it, once it has ended."""

    def step_begins(self, key: str, begun: StepBegun) -> None:
        """Note that a step begins."""
        self._begun[key] = begun

    def begun_step(self, key: str) -> StepBegun | None:
        """Return a step that has begun and not ended."""
        return self._begun.get(key)

    def step_fails(self, key: str, call: Call, name: str, at: float, error: str) -> None:
        """Note that a step failed."""
        begun = self._begun.pop(key, None)
        if begun is not None:
            self._failed.setdefault((call.key, call.attempt), []).append(StepSpan(
                context=begun.context, parent=begun.parent, run=self._run.id, key=key, began=begun.began, ended=at,
                outcome="failed", error=error, name=name, attempt=call.attempt, model=begun.model, usage=None,
            ))  # fmt: skip

    def failures(self, call: str, attempt: int, step: str) -> int:
        """Return how often a step has failed in an attempt of its call that has not ended."""
        return sum(each.key == step for each in self._failed.get((call, attempt), ()))

    def step(self, key: str, at: float, said: StepDone, begun: StepBegun) -> None:
        """Tell of a step that is done; `begun` counts where this process did not begin it."""
        begun = self._begun.pop(key, begun)
        self._observer.step(StepSpan(
            context=begun.context, parent=begun.parent, run=self._run.id, key=key, began=begun.began, ended=at,
            outcome="done", name=said.name, attempt=said.attempt, model=begun.model, usage=said.usage,
        ))  # fmt: skip

    def attempt(
        self, key: str, at: float, attempt: AttemptPart, asked: Dispatched | Asked, *, context: TraceContext,
        parent: TraceContext, outcome: SpanOutcome, said: AttemptFailed | Answered | None,
    ) -> None:  # fmt: skip
        """Tell of an attempt, and before it of its steps that failed; not if a value stood for the answer."""
        for step in self._failed.pop((key, attempt.number), ()):
            self._observer.step(step)
        if isinstance(said, AnsweredDone) and any(each.key == key and each.by is None for each in said.degraded):
            return
        self._observer.attempt(AttemptSpan(
            context=context, parent=parent, run=self._run.id, key=key, began=attempt.began, ended=at, outcome=outcome,
            error=_error(said), events=tuple(attempt.events), agent=asked.agent, version=asked.version,
            attempt=attempt.number, inline=isinstance(asked, Dispatched) and asked.inline,
            usage=said.usage if isinstance(said, AnsweredDone) else None,
        ))  # fmt: skip

    def call(
        self, key: str, at: float, call: CallPart, attempts: int, *, context: TraceContext, parent: TraceContext,
        outcome: SpanOutcome, said: Answered | None,
    ) -> None:  # fmt: skip
        """Tell of a call."""
        self._observer.call(CallSpan(
            context=context, parent=parent, run=self._run.id, key=key, began=call.began, ended=at, outcome=outcome,
            error=_error(said), agent=call.asked.agent, version=call.asked.version, attempts=attempts,
            rule=said.rule if isinstance(said, AnsweredRefused) else "",
        ))  # fmt: skip

    def wait(
        self, key: str, at: float, wait: WaitPart, *, context: TraceContext, parent: TraceContext, outcome: SpanOutcome
    ) -> None:
        """Tell of a wait."""
        self._observer.wait(WaitSpan(
            context=context, parent=parent, run=self._run.id, key=key, began=wait.began, ended=at, outcome=outcome,
            kind=wait.kind, name=wait.name,
        ))  # fmt: skip

    def queue(self, ready: float, at: float, context: TraceContext, parent: TraceContext) -> None:
        """Tell of the time in which the run was ready and waited for a worker."""
        run = self._run
        self._observer.queue(QueueSpan(
            context=context, parent=parent, run=run.id, key="", began=ready, ended=at, outcome="done",
            workflow=run.workflow, queue=run.queue, priority=run.priority,
        ))  # fmt: skip

    def run(self, at: float, said: Ended, itself: AttemptPart, *, context: TraceContext, places: Places) -> None:
        """Tell of the run."""
        run = self._run
        self._observer.run(RunSpan(
            context=context, parent=places.parent, run=run.id, key="", began=itself.began, ended=at,
            outcome=_ENDS[said.state], error=said.error_type, events=tuple(itself.events), workflow=run.workflow,
            version=run.version, tenant=run.tenant, principal=run.principal, link=places.link,
        ))  # fmt: skip

    def noted(
        self, key: str, at: float, said: AmountReserved | AmountSettled | NoticeContent, context: TraceContext
    ) -> SpanEvent:
        """Tell of what was done with money; returns that, or what a rule did, as an event."""
        match said:
            case AmountReserved():
                return self._money("reserved", key, at, said, context)
            case AmountSettled():
                return self._money("settled", key, at, said, context)
            case _:
                left = left_of(said.fact_kind, said.body())
                shown = {name: value for name, value in left.items() if value and isinstance(value, str | int | float)}
                rule = str(shown.get("guard", "notice")).partition(":")[0]
                return SpanEvent(f"podium.{rule}", at, shown)

    def refused(self, key: str, at: float, amount: Amount, budget: str, context: TraceContext) -> SpanEvent:
        """Tell that a budget had no room for an amount; returns it as an event."""
        return self._spent(BudgetEvent(
            context=context, run=self._run.id, key=key, did="refused", amount=amount, budgets=(budget,), at=at
        ))  # fmt: skip

    def _money(
        self, did: Literal["reserved", "settled"], key: str, at: float, said: AmountReserved | AmountSettled,
        context: TraceContext,
    ) -> SpanEvent:  # fmt: skip
        amount = Amount(usd=said.usd, tokens=said.tokens, calls=said.calls)
        return self._spent(BudgetEvent(
            context=context, run=self._run.id, key=key, did=did, amount=amount, budgets=said.budgets, at=at,
            in_doubt=isinstance(said, AmountSettled) and said.in_doubt,
        ))  # fmt: skip

    def _spent(self, event: BudgetEvent) -> SpanEvent:
        self._observer.budget(event)
        amount = event.amount
        shown = {"podium.usd": amount.usd / PER_USD, "podium.tokens": amount.tokens, "podium.calls": amount.calls}
        return SpanEvent(
            f"podium.budget.{event.did}", event.at, {name: value for name, value in shown.items() if value}
        )


def _error(said: AttemptFailed | Answered | None) -> str:
    match said:
        case AttemptFailed() | AnsweredFailed():
            return said.type
        case AnsweredRefused():
            return _REFUSED
        case _:
            return ""
