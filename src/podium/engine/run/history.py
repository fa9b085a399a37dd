"""What the journal knows of a run, laid out for replay."""

from collections.abc import Collection, Container, Iterator, Sequence

from podium.engine.run.asked_in_steps import asks_in_steps, call_of
from podium.engine.run.describing import describe
from podium.engine.run.key_state import Asking, KeyState, StepRecord
from podium.engine.run.keys import above
from podium.engine.run.unclaimed import Unclaimed
from podium.model.budget_ids import run_of_share
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked, AttemptFailed, EffectIntended, Held, Intent, IntentCleared, StepDone
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.money import AmountReserved, AmountSettled
from podium.model.facts.runs import Cancelling, Changed, Ended, InputEdited, Restarted, Rewound, Started
from podium.model.facts.waits import ChildAwaited, ChildSpawned, QuestionAnswered, QuestionAsked
from podium.model.retry import UNUSABLE, FailureKind
from podium.model.step import deferred_in, is_answer_step, lineage_of

OPENING = frozenset({
    FactKind.ASKED, FactKind.TIMER, FactKind.WAITING, FactKind.SPAWNED, FactKind.CHOSEN, FactKind.UNDO,
    FactKind.LOOKED_UP,
})  # fmt: skip
"""Facts with which something begins under a key."""

_OF_MONEY = frozenset({FactKind.RESERVED, FactKind.SETTLED})
"""Facts that stay true when what they are about is done again."""


class History:
    """The recorded part of a run. Whatever the code asks for is taken out of it once."""

    def __init__(
        self, facts: Sequence[Fact], *, void: Container[int] = frozenset(), undone: Container[int] = frozenset(),
        loose: Collection[int] = frozenset(),
    ) -> None:  # fmt: skip
        """Take in the facts of a run; the others are places, see `podium.engine.run.reopening`."""
        self.records: dict[str, KeyState] = {}
        self.steps: dict[str, dict[str, StepRecord]] = {}
        self.changes: dict[str, bool] = {}
        self.started: Fact | None = None
        self.input: bytes | None = None
        """What the present generation was given."""
        self.patterns = 1
        """The version of the built-in patterns that the present generation is pinned to."""
        self.ended: Fact | None = None
        self.retried_at = float("-inf")
        """When an operator retried it last."""
        self.retried = False
        """Whether something of it was retried: what a child run told may have been voided."""
        self.cancelling: Cancelling | None = None
        self.spawned: dict[str, str] = {}
        self.reserved: dict[str, Fact] = {}
        """What was set aside and not settled: key and amount, by reservation.

        Not what was set aside for child runs: the store settles that when they end.
        """
        self._under: dict[str, list[str]] = {}
        self._unseen: set[str] = set()
        self._last: dict[str, int] = {}
        self._gone_under: set[str] = set()
        """The keys under which something was recorded that counts no more."""
        self.done_before_fork: frozenset[str] = frozenset()
        """Calls with `once` effects that the run this one was forked from made after the cut."""
        self.edited: dict[str, bytes] = {}
        """The inputs that people gave calls when they forked the run, by key."""
        self.unclaimed = Unclaimed(self.records, self.steps)
        self.alive = [fact for fact in facts if fact.seq not in void or fact.kind in _OF_MONEY]
        """All facts that count, until replay is over."""
        for fact in facts:
            if fact.kind in _OF_MONEY:
                self.add(fact)
            else:
                self._go_through(fact, void, undone, loose=fact.seq in loose)

    @property
    def unseen(self) -> bool:
        """Whether the code has not yet asked for everything that is recorded."""
        return bool(self._unseen)

    @property
    def begun(self) -> bool:
        """Whether anything is recorded that the code has not asked for by now, however firmly it holds."""
        return bool(self._unseen or self.unclaimed)

    def first_unseen(self) -> tuple[str, str]:
        """Return key and description of something recorded that the code never asked for."""
        opened = {key: self.records[key].opened for key in self._unseen}
        key = min(opened, key=lambda key: -1 if (fact := opened[key]) is None else fact.seq)
        return key, describe(self.records[key].opened)

    def _go_through(self, fact: Fact, void: Container[int], undone: Container[int], *, loose: bool) -> None:
        """Take in a fact, or note what is done again, since it failed, is to be done again, or was undone."""
        if fact.seq not in void and fact.seq not in undone:
            self._take_in(fact, loose=loose)
            return
        self._gone_under.update(above(fact.key))
        if fact.seq in undone:
            self.unclaimed.lost.note_undone(fact)
        else:
            self.unclaimed.note_void(fact)

    def _take_in(self, fact: Fact, *, loose: bool) -> None:
        if not loose:
            self.add(fact)
            return
        known = fact.key in self.records
        self.add(fact)
        if isinstance(said := fact.content, KeysCancelled):
            self._unseen.difference_update(key for key in said.keys if self.records[key].opened is None)
        if not known and fact.key in self.records:
            self.unclaimed.add(fact.key)
            self._unseen.discard(fact.key)

    def take(self, key: str) -> KeyState | None:
        """Return what is recorded under a key; the code has now asked for it."""
        record = self.records.get(key)
        if record is not None:
            self._unseen.discard(key)
        return record

    def put_aside(self, key: str) -> None:
        """Forget what is unclaimed at a key and below, but for steps; what calls there gave is kept for their like."""
        for at in self.unclaimed.put_aside(key, list(self.below(key))):
            self.records.pop(at, None)
            self._under[at.rpartition(".")[0]].remove(at)

    def go_over(
        self, call: str, under: str, facts: Sequence[Fact], *, void: Container[int], undone: Container[int], anew: bool
    ) -> None:
        """Have the workflow that was called go once more over what it recorded under a key: what counts of these facts.

        Where it begins `anew`, it does so under another key, and what it recorded is kept for what it asks there.
        """
        self.retried = True
        kept = self.unclaimed.forget(under, facts)
        self.skip_under(under)
        self.steps.update(kept)
        for fact in facts:
            if fact.kind not in _OF_MONEY:
                self._go_through(fact, void, undone, loose=True)
        self.unclaimed.confine(call)
        if anew:
            self._retire(under)

    def _retire(self, key: str) -> None:
        """Forget what is recorded below a key, for the workflow there begins anew; what it did is kept for it."""
        self.unclaimed.retire(key, list(self.below(key)))
        self.skip_under(key)

    def may_have_happened(self, key: str, request: Asking) -> bool:
        """Whether a `once` call that is asked now may be one that was begun before a fork, a retry or a repin."""
        doubtful = key in self.done_before_fork or self.unclaimed.may_be_another(key, request)
        self.unclaimed.lost.resolve(key, request)
        return doubtful

    def done_before(self) -> dict[str, str]:
        """Return the calls before a fork that may be done again yet, as `known_before`."""
        return dict.fromkeys(self.done_before_fork, "") | self.unclaimed.lost.before

    def step(self, call: str, path: str) -> StepRecord | None:
        """Return what is recorded of a step of a call."""
        steps = self.steps.get(call)
        return None if steps is None else steps.get(path)

    def value_of(self, call: str, record: StepRecord) -> bytes | None:
        """Return the value of a step that is done, as it is stored."""
        done = record.done
        if done is None or done.payload is not None:
            return None if done is None else done.payload
        said = done.content
        if not isinstance(said, StepDone) or said.from_step is None:
            return None
        return self.value_of(call, self.steps[call][said.from_step])

    def next_lineage(self, call: str) -> int:
        """Return the lineage of a call that is asked now: after those of which it has steps, though it was voided."""
        if call not in self.steps and not self.retried:
            return 1
        steps = [*self.steps.get(call, ()), *self.unclaimed.stashed_at(call)]
        return 1 + max((lineage_of(path) or 0 for path in steps), default=0)

    def attempt_failed(self, call: str, said: AttemptFailed) -> None:
        """Note what a further attempt is not handed: an answer that could not be used, and what another agent did."""
        if said.begins_fallback:
            for record in self.steps.get(call, {}).values():
                record.usable = False
        else:
            self.failed_as(call, said.kind)

    def failed_as(self, call: str, kind: FailureKind) -> None:
        """Note that the last answer of a model could not be used, if that is how an attempt failed."""
        steps = self.steps.get(call, {})
        done = [path for path, record in steps.items() if record.done is not None]
        if kind in UNUSABLE and done and is_answer_step(steps[done[-1]].name):
            self._not_usable(steps, done[-1])

    def _not_usable(self, steps: dict[str, StepRecord], path: str) -> None:
        record = steps[path]
        record.usable = False
        if record.done is not None and isinstance(said := record.done.content, StepDone) and said.from_step is not None:
            self._not_usable(steps, said.from_step)

    def has_from(self, path: str, counter: int) -> bool:
        """Whether a branch has recorded anything at or after a counter."""
        return self._last.get(path, -1) >= counter

    def has_under(self, key: str) -> bool:
        """Whether anything is recorded under a key: a workflow was entered there."""
        return bool(self._under.get(key))

    def below(self, key: str) -> Iterator[str]:
        """Give the keys below one at which anything is recorded, each before those below it."""
        for child in self._under.get(key, ()):
            yield child
            yield from self.below(child)

    def skip_under(self, key: str) -> None:
        """Forget what is recorded under a key: it ended, and the code will not ask for its parts."""
        for child in self._under.pop(key, ()):
            self.skip_under(child)
            self.records.pop(child, None)
            self._unseen.discard(child)
            self.unclaimed.claim(child)
            self.steps.pop(child, None)

    def add(self, fact: Fact) -> None:
        """Take in one more fact."""
        kind = fact.kind
        if kind in OPENING:
            self._open(fact)
        elif kind is FactKind.ANSWERED:
            self._answer(fact)
        elif kind is FactKind.STEP:
            self._done(fact)
        else:
            self._go_on(fact)

    def _go_on(self, fact: Fact) -> None:
        """Note what became of something that has begun."""
        match fact.content:
            case EffectIntended() | IntentCleared() as said:
                self._intend(fact, said)
            case AttemptFailed() as said:
                self._retry(fact, said)
            case QuestionAsked() | QuestionAnswered() as said:
                self._record(fact.key).note_question(fact, said)
            case Held() as said:
                record = self._record(fact.key)
                record.held, record.intent_recorded = said, False
            case KeysCancelled(keys=keys):
                for key in keys:
                    self._record(key).cancelled = True
            case _:
                self._mark(fact)

    def _mark(self, fact: Fact) -> None:
        """Note a fact about money, or about the run itself."""
        match fact.content:
            case AmountReserved() as said if run_of_share(said.reservation) is None:
                self.reserved[said.reservation] = fact
            case AmountSettled(reservation=reservation):
                self.reserved.pop(reservation, None)
            case Started() | Restarted() as said:
                self._begin(fact, said)
            case Ended():
                self.ended = fact
            case Cancelling() as said:
                self.cancelling = self.cancelling or said  # the first says why
            case Rewound(keys=keys):
                self._rewind(fact, keys)
            case Changed(changed=changed):
                self.changes[fact.key] = changed
            case InputEdited(key=key) if fact.payload is not None:
                self.edited[key] = fact.payload
            case _:
                pass

    def _begin(self, fact: Fact, said: Started | Restarted) -> None:
        self.input, self.patterns = fact.payload, said.patterns
        if isinstance(said, Started):
            self.started = fact
        if fact is self.started or fact.epoch:  # a restart that a fork shares says nothing of the fork
            self.done_before_fork = self.unclaimed.lost.note_before(said)

    def _rewind(self, fact: Fact, keys: Sequence[str]) -> None:
        """Note that an operator had the run go on, or what the code asks for something else instead of."""
        self.ended, self.retried = None, True
        if not keys:
            self.retried_at = fact.at
            self.unclaimed.set_free()
        for key in keys:
            self.put_aside(key)

    def _record(self, key: str) -> KeyState:
        record = self.records.get(key)
        if record is None:
            record = self.records[key] = KeyState()
            self._unseen.add(key)
            self._link(key)
        return record

    def _link(self, key: str) -> None:
        parent, _, name = key.rpartition(".")
        if name.isdecimal():
            self._last[parent] = max(self._last.get(parent, -1), int(name))
        children = self._under.setdefault(parent, [])
        children.append(key)
        if len(children) == 1 and parent and parent not in self.records:
            self._link(parent)

    def _open(self, fact: Fact) -> None:
        self._record(fact.key).opened = fact
        if isinstance(said := fact.content, Asked) and said.step is not None:
            self._record(call_of(said.step)).intent_recorded = False  # it was left, and is begun again
        if self.retried or self.unclaimed.lost:
            self._enter(fact)
        if fact.kind is FactKind.SPAWNED and isinstance(said := fact.content, ChildSpawned):
            self.spawned[said.run] = fact.key

    def _enter(self, fact: Fact) -> None:
        """Note that something is begun after a retry: it may have been taken over from elsewhere."""
        said, asking = fact.content, self.records[fact.key].asking
        place = getattr(said, "taken_from", None)
        if asking is not None and isinstance(said, Asked):
            self.unclaimed.enter(fact.key, asking, place)
            if place is None and fact.epoch:  # what a fork shares was there before anybody drove it
                self.unclaimed.lost.resolve(fact.key, asking)
        if asking is not None and place is not None:
            self.unclaimed.take(place, asking)

    def _answer(self, fact: Fact) -> None:
        record = self._record(fact.key)
        record.answered = fact
        opened = record.opened
        if opened is not None and opened.kind is FactKind.WAITING and isinstance(said := opened.content, ChildAwaited):
            self.spawned.pop(said.name, None)
        if fact.key in self._under:
            done = isinstance(fact.content, AnsweredDone) or asks_in_steps(self, fact.key)
            record.undos = self._undos_under(fact.key) if done else []
            record.inside = self.unclaimed.inside(self.below(fact.key)) if self.unclaimed else []
        self.skip_under(fact.key)

    def _undos_under(self, key: str) -> list[Fact]:
        found: list[Fact] = []
        for child in self._under.get(key, ()):
            record = self.records.get(child)
            if record is not None:
                found.extend(record.undos)
                if record.opened is not None and record.opened.kind is FactKind.UNDO:
                    found.append(record.opened)
            found.extend(fact for fact in self._undos_under(child) if fact not in found)
        return sorted(found, key=lambda fact: fact.seq)

    def _step(self, key: str) -> StepRecord:
        call, _, path = key.partition("/")
        return self.steps.setdefault(call, {}).setdefault(path, StepRecord())

    def _done(self, fact: Fact) -> None:
        record = self._step(fact.key)
        record.done = fact
        if isinstance(said := fact.content, StepDone):
            record.name = said.name
        if (deferred := deferred_in(fact.key)) is not None:
            self._step(deferred).deferred = True
        if (around := self.records.get(fact.key.partition("/")[0])) is not None and around.questions:
            around.note_step(fact.key.partition("/")[2])

    def _intend(self, fact: Fact, said: Intent) -> None:
        """Note that an effect was begun: a further attempt of a call, or a step, whose earlier doubt is settled."""
        call, _, path = fact.key.partition("/")
        record = self.records.get(call)
        if path:
            step = self._step(fact.key)
            step.intent = None if isinstance(said, IntentCleared) else fact
            if isinstance(said, EffectIntended):
                step.name, step.deferred = said.name, False
            if record is not None:
                record.note_intent(path)
        elif record is not None:
            record.intent_recorded = True

    def _retry(self, fact: Fact, said: AttemptFailed) -> None:
        record = self._record(fact.key)
        record.note_retry(said)
        self.attempt_failed(fact.key, said)
        entered = self.has_under(fact.key) or fact.key in self._gone_under
        if (said.goes_on is None and not entered) or asks_in_steps(self, fact.key):  # steps stand, and what they called
            return
        self.retried = True
        self.unclaimed.confine(fact.key)
        if said.goes_on is None:
            self._retire(fact.key)
