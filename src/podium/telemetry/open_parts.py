"""Follows the facts of a run: what they open is kept, and what they close is told as a span."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from podium.model.agent import Card
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import Answered, AnsweredDone, AnsweredExpired, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed, Held, StepDone
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.content import FactContent
from podium.model.facts.money import AmountReserved, AmountSettled
from podium.model.facts.notices import NoticeContent
from podium.model.facts.runs import Ended, Restarted, Rewound
from podium.model.facts.waits import ChildAwaited, QuestionAnswered, QuestionAsked, SignalAwaited, SleepBegun
from podium.model.generation import is_start
from podium.model.run import Run
from podium.model.step import is_step_path
from podium.telemetry.context import TraceContext
from podium.telemetry.parts import AttemptPart, CallPart, Dispatched, Part, WaitBegun, WaitPart, begun_wait
from podium.telemetry.places import Places
from podium.telemetry.spans import SpanEvent, SpanOutcome
from podium.telemetry.telling import StepBegun, Telling

AnyPart = TypeVar("AnyPart", bound=Part)


def _of_step(key: str, question: str) -> str:
    return f"{key}?{question}"


_OUTCOMES: Mapping[type[Answered], SpanOutcome] = {
    AnsweredDone: "done", AnsweredFailed: "failed", AnsweredRefused: "refused", AnsweredExpired: "expired",
}  # fmt: skip


class OpenParts:
    """What is open in one run. What was recorded before this process had the run is followed, and not told."""

    def __init__(self, run: Run, facts: Sequence[Fact], places: Places, telling: Telling) -> None:
        self._run = run
        self._places = places
        self._telling = telling
        self._calls: dict[str, CallPart] = {}
        self._attempts: dict[str, AttemptPart] = {}
        self._waits: dict[str, WaitPart] = {}
        self._of_steps: dict[str, list[str]] = {}
        """By the key of a call, the names of the waits of its steps: several may be asked about at once."""
        self._ends = 0
        """How often the run had ended, and was tried again."""
        self._ended = False
        self.place = places.run(0)
        """The place of the run itself."""
        self._itself = AttemptPart(mark="", began=run.created_at, life=0, number=0)
        """The run as a part of itself: its beginning and its events."""
        self._live = False
        self.rewinds = 0
        """How often facts were voided."""
        self._asked: dict[tuple[str, int], Dispatched] = {}
        """Who was asked in attempts that this process made and that have not ended, by key and number."""
        self._follow(facts)
        self._live = True

    # Where things are

    def around(self, key: str) -> TraceContext:
        """Return the place of what is around a key: the attempt of an inline workflow, or the run."""
        found = self._workflow_of(key)
        return self.place if found is None else self.of_attempt(*found)

    def of_attempt(self, key: str, number: int) -> TraceContext:
        """Return the place of an attempt of a call; of what admits the run, that of the run."""
        if (asked := self._asked.get((key, number))) is not None:
            return asked.context
        if is_start(key):
            return self.place
        attempt = self._attempts.get(key)
        life = attempt.life if attempt is not None and attempt.number == number else self.rewinds
        return self._places.attempt(key, number, life)

    def of_step(self, call: str, step: str, number: int) -> TraceContext:
        """Return the place of a step that the attempt of this number begins now."""
        return self._places.step(step, number, self.rewinds, self._telling.failures(call, number, step))

    def present(self, key: str) -> TraceContext:
        """Return the place of the present attempt of a call, or of what is around a key at which no call is open."""
        attempt = self._attempts.get(key)
        return self.around(key) if attempt is None else self.of_attempt(key, attempt.number)

    def dues(self) -> Iterator[float]:
        """Return the times at which the run goes on by itself, or did."""
        yield from (wait.due for wait in self._waits.values() if wait.due is not None)
        yield from (attempt.began for attempt in self._attempts.values())

    def _workflow_of(self, key: str) -> tuple[str, int] | None:
        """Return the open call that a key is below, and in which of its attempts.

        One that began anew records below `KEY.rN`, N being its number; one that goes on where the one before it did.
        """
        while key:
            key = key.rpartition(".")[0]
            if (found := self._recording_below(key)) is not None:
                return found
        return None

    def _recording_below(self, key: str) -> tuple[str, int] | None:
        above, _, last = key.rpartition(".")
        began_anew = last.startswith("r") and last[1:].isdecimal()
        call, number = (above, int(last[1:])) if began_anew else (key, 1)
        attempt = self._attempts.get(call)
        if attempt is not None and attempt.under == key:
            return call, attempt.number
        return (call, number) if call in self._calls or (call, number) in self._asked else None

    def _of_call(self, key: str, call: CallPart) -> TraceContext:
        if call.place is None:
            call.place = self._places.call(key, call.life)
        return call.place

    def dispatch(self, key: str, number: int, card: Card) -> TraceContext:
        """Note who is asked in an attempt, and return its place; its call may not be in the store yet."""
        context, inline = self.of_attempt(key, number), card.traits.runs_inline
        who = Dispatched(context=context, agent=card.name, version=card.version, inline=inline)
        self._asked[key, number] = who
        return context

    # Following

    def _follow(self, facts: Sequence[Fact]) -> None:
        void: set[int] = set()
        for index, fact in enumerate(facts):
            if isinstance(said := fact.content, Rewound) and not said.keys:
                void.update(said.facts)
                self._rewind((each for each in facts[:index] if each.seq not in void), fact.at)
            else:
                self.take(fact.key, fact.at, said)

    def _rewind(self, kept: Iterable[Fact], at: float) -> None:
        """Go back to what the facts that still count leave open: what is open again will be another span."""
        before, ends, ended = (self._calls, self._attempts, self._waits), self._ends, self._ended
        self._calls, self._attempts, self._waits, self.rewinds = {}, {}, {}, self.rewinds + 1
        self._ended = False
        for fact in kept:
            if fact.kind is not FactKind.REWOUND:
                self.take(fact.key, fact.at, fact.content)
        self._ends, self.place = ends, self._places.run(ends)
        if ended and not self._ended:
            self._itself.began = at
        self._renew(self._calls, before[0], at)
        self._renew(self._attempts, before[1], at)
        self._renew(self._waits, before[2], at)

    def _renew(self, now: Mapping[str, AnyPart], before: Mapping[str, AnyPart], at: float) -> None:
        for key, part in now.items():
            was = before.get(key)
            same = was is not None and was.mark == part.mark
            part.began, part.life = (was.began, was.life) if was and same else (at, self.rewinds)

    def take(self, key: str, at: float, said: FactContent) -> None:
        """Follow one more fact."""
        match said:
            case Asked():
                self._ask(key, at, said)
            case StepDone():
                self._step(key, at, said)
            case AttemptFailed():
                self._retry(key, at, said)
            case AnsweredDone() | AnsweredFailed() | AnsweredRefused() | AnsweredExpired():
                self._end(key, at, _OUTCOMES[type(said)], said)
            case Ended():
                self._end_run(at, said)
            case _:
                self._take_other(key, at, said)

    def _take_other(self, key: str, at: float, said: FactContent) -> None:
        match said:
            case SleepBegun() | SignalAwaited() | ChildAwaited() | QuestionAsked() | Held():
                self._begin_wait(key, at, said)
            case QuestionAnswered(question=question):
                of_step = _of_step(key, question)
                self._end_wait(of_step if of_step in self._waits else key, at, "done")
            case KeysCancelled(keys=keys):
                for each in keys:
                    self._end(each, at, "cancelled")
            case AmountReserved() | AmountSettled() | NoticeContent():
                self._note(key, at, said)
            case Restarted(ended_before=ends):
                self._ends, self.place = ends, self._places.run(ends)
            case _:
                pass

    def _ask(self, key: str, at: float, said: Asked) -> None:
        self._count(key, 1)
        life, began = self.rewinds, max(at, self._run.created_at)  # a fork has facts that are older than itself
        self._calls[key] = CallPart(mark=said.agent, began=began, life=life, asked=said)
        self._attempts[key] = AttemptPart(mark="1", began=began, life=life, number=1)

    def _step(self, key: str, at: float, said: StepDone) -> None:
        if not self._live:
            return
        call = key.partition("/")[0]
        context, parent = self.of_step(call, key, said.attempt), self.of_attempt(call, said.attempt)
        self._telling.step(key, at, said, StepBegun(context=context, parent=parent, began=at, model=""))

    def _retry(self, key: str, at: float, said: AttemptFailed) -> None:
        call, number = self._calls.get(key), said.attempt
        if call is None:
            return
        self._end_attempt(key, call, at, "failed", said)
        began = at if said.due is None else max(at, said.due)
        self._attempts[key] = AttemptPart(
            mark=str(number), began=began, life=self.rewinds, number=number, under=said.goes_on or ""
        )

    def _begin_wait(self, key: str, at: float, said: WaitBegun) -> None:
        if isinstance(said, SleepBegun) and not key.rpartition(".")[2].isdecimal():
            return  # the time limit of an inline workflow: nothing waits for it
        name = key
        if isinstance(said, QuestionAsked) and is_step_path(said.step):
            name = _of_step(key, said.question)
            self._of_steps.setdefault(key, []).append(name)
        self._end_wait(name, at, "done")
        self._count(key, 1)
        self._waits[name] = begun_wait(said, max(at, self._run.created_at), self.rewinds)

    def _count(self, key: str, by: int) -> None:
        found = self._workflow_of(key)
        call = None if found is None else self._calls.get(found[0])
        if call is not None:
            call.below += by

    # Ends

    def _end(self, key: str, at: float, outcome: SpanOutcome, said: Answered | None = None) -> None:
        """End the call under a key, or else the wait."""
        call = self._calls.get(key)
        if call is None:
            self._end_waits(key, at, outcome)
            return
        last = self._attempts[key].number
        self._end_attempt(key, call, at, outcome, said)
        del self._calls[key]
        self._count(key, -1)
        if self._live:
            context, parent = self._of_call(key, call), self.around(key)
            self._telling.call(key, at, call, last, context=context, parent=parent, outcome=outcome, said=said)

    def _end_attempt(
        self, key: str, call: CallPart, at: float, outcome: SpanOutcome, said: AttemptFailed | Answered | None
    ) -> None:
        """End the present attempt of a call, and before it what is open in it."""
        if call.below:
            self._end_all(at, below=f"{key}.")
        self._end_waits(key, at, "cancelled" if outcome == "cancelled" else "expired")
        context = self.present(key)
        attempt = self._attempts.pop(key)
        asked = self._asked.pop((key, attempt.number), None)
        waited_in_vain = asked is None and attempt.began > at  # for its time, which did not come
        if self._live and not waited_in_vain:
            parent = self._of_call(key, call)
            self._telling.attempt(
                key, at, attempt, asked or call.asked, context=context, parent=parent, outcome=outcome, said=said
            )

    def _end_waits(self, key: str, at: float, outcome: SpanOutcome) -> None:
        for name in (key, *self._of_steps.pop(key, ())):
            self._end_wait(name, at, outcome)

    def _end_wait(self, name: str, at: float, outcome: SpanOutcome) -> None:
        wait, key = self._waits.pop(name, None), name.partition("?")[0]
        if wait is None:
            return
        self._count(key, -1)
        if wait.kind == "held" and wait.due is not None:  # how it ends no fact says
            at, outcome = min(at, wait.due), "done" if at >= wait.due else outcome
        if self._live:
            context, parent = self._places.wait(key, wait.mark, wait.life), self.present(key)
            self._telling.wait(key, at, wait, context=context, parent=parent, outcome=outcome)

    def _end_all(self, at: float, below: str = "") -> None:
        """End what is open, the innermost first: it was cut, and nothing says so of it alone."""
        keys = {key for key in (*self._calls, *self._waits) if key.startswith(below)}
        for key in sorted(keys, key=lambda each: each.count("."), reverse=True):
            self._end(key, at, "cancelled")

    def _end_run(self, at: float, said: Ended) -> None:
        self._end_all(at)
        if self._live:
            self._telling.run(at, said, self._itself, context=self.place, places=self._places)
        self._ends, self._ended = self._ends + 1, True
        self.place = self._places.run(self._ends)
        self._itself.events.clear()

    def _note(self, key: str, at: float, said: AmountReserved | AmountSettled | NoticeContent) -> None:
        """Keep what a rule did, or what was done with money, as an event of the attempt."""
        context = self.present(key)
        self.add(key, self._telling.noted(key, at, said, context) if self._live else None)

    def add(self, key: str, event: SpanEvent | None) -> None:
        """Keep an event of the present attempt of a call; else of the run."""
        if event is not None:
            self._attempts.get(key, self._itself).add(event)
