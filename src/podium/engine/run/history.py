"""What the journal knows of a run, laid out for replay."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from podium.errors import Diverged
from podium.model.fact import Fact, FactKind
from podium.model.json import Json

OPENING = frozenset(
    {
        FactKind.ASKED,
        FactKind.TIMER,
        FactKind.WAITING,
        FactKind.SPAWNED,
        FactKind.CHOSEN,
        FactKind.UNDO,
        FactKind.LOOKED_UP,
    }
)
"""Facts with which something begins under a key."""

_OF_MONEY = frozenset({FactKind.RESERVED, FactKind.SETTLED})
"""Facts that stay true when what they are about is done again."""


_SHOWN_CHARACTERS = 300


@dataclass(slots=True)
class KeyState:
    """What is recorded under one key."""

    opened: Fact | None = None
    """How it began; None where it was cancelled before it did."""
    answered: Fact | None = None
    retry: Fact | None = None
    """The last failed attempt that was to be followed by another."""
    intent_recorded: bool = True
    """Whether the body of its last attempt may have been started; after a retry or a wait an intent says so."""
    held: Fact | None = None
    """A time that it has to wait for, where that was recorded after the last retry."""
    granted: dict[str, Json] = field(default_factory=dict[str, Json])
    """What people said to rules that asked about it and let it pass, by rule."""
    question: Fact | None = None
    """The last question that was asked for it."""
    answers: list[Json] | None = None
    """The answers to that question, once consumed."""
    cancelled: bool = False
    undos: list[Fact] = field(default_factory=list[Fact])
    """Compensations that an inline workflow under this key left behind when it succeeded."""

    @property
    def asked_of(self) -> str | None:
        """The step that the last question was about."""
        return None if self.question is None else self.question.body["step"]


@dataclass(slots=True)
class StepRecord:
    """What is recorded of one step."""

    intent: Fact | None = None
    done: Fact | None = None


class History:
    """The recorded part of a run. Whatever the code asks for is taken out of it once."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.records: dict[str, KeyState] = {}
        self.steps: dict[str, dict[str, StepRecord]] = {}
        self.changes: dict[str, bool] = {}
        self.started: Fact | None = None
        self.ended: Fact | None = None
        self.cancelling: Fact | None = None
        self.spawned: dict[str, str] = {}
        self.reserved: dict[str, tuple[str, Json]] = {}
        """What was set aside and not settled: key, and what the fact says, by reservation.

        Not what was set aside for child runs: the store settles that when they end.
        """
        self._under: dict[str, list[str]] = {}
        self._unseen: set[str] = set()
        self._last: dict[str, int] = {}
        self.done_before_fork: frozenset[str] = frozenset()
        """Calls with `once` effects that the run this one was forked from made after the cut."""
        known = list(facts)
        void = voided(known)
        for fact in known:
            if fact.seq not in void or fact.kind in _OF_MONEY:
                self.add(fact)

    @property
    def unseen(self) -> bool:
        """Whether the code has not yet asked for everything that is recorded."""
        return bool(self._unseen)

    def first_unseen(self) -> tuple[str, str]:
        """Return key and description of something recorded that the code never asked for."""
        key = min(self._unseen, key=self._seq)
        return key, describe(self.records[key].opened)

    def take(self, key: str) -> KeyState | None:
        """Return what is recorded under a key; the code has now asked for it."""
        record = self.records.get(key)
        if record is not None:
            self._unseen.discard(key)
        return record

    def step(self, call: str, path: str) -> StepRecord | None:
        """Return what is recorded of a step of a call."""
        steps = self.steps.get(call)
        return None if steps is None else steps.get(path)

    def has_from(self, path: str, counter: int) -> bool:
        """Whether a branch has recorded anything at or after a counter."""
        return self._last.get(path, -1) >= counter

    def has_under(self, key: str) -> bool:
        """Whether anything is recorded under a key: a workflow was entered there."""
        return bool(self._under.get(key))

    def skip_under(self, key: str) -> None:
        """Forget what is recorded under a key: it ended, and the code will not ask for its parts."""
        for child in self._under.pop(key, ()):
            self.skip_under(child)
            self.records.pop(child, None)
            self._unseen.discard(child)
            self.steps.pop(child, None)

    def add(self, fact: Fact) -> None:
        """Take in one more fact."""
        kind = fact.kind
        if kind in OPENING:
            self._open(fact)
        elif kind is FactKind.ANSWERED:
            self._answer(fact)
        elif kind is FactKind.STEP:
            self._step(fact).done = fact
        elif kind is FactKind.INTENT:
            self._intend(fact)
        elif kind is FactKind.RETRY:
            self._retry(fact)
        elif kind is FactKind.QUESTION:
            self._question(fact)
        elif kind is FactKind.HELD:
            record = self._record(fact.key)
            record.held, record.intent_recorded = fact, False
        elif kind is FactKind.CANCELLED:
            for key in fact.body["keys"]:
                self._record(key).cancelled = True
        else:
            self._mark(fact)

    def _mark(self, fact: Fact) -> None:
        """Note a fact about the run itself."""
        match fact.kind:
            case FactKind.STARTED:
                self.started = fact
                self.done_before_fork = frozenset(fact.body.get("done_before_fork", ()))
            case FactKind.ENDED:
                self.ended = fact
            case FactKind.CANCELLING:
                self.cancelling = self.cancelling or fact  # the first says why
            case FactKind.CHANGED:
                self.changes[fact.key] = fact.body["changed"]
            case FactKind.RESERVED:
                self._reserve(fact)
            case FactKind.SETTLED:
                self.reserved.pop(fact.body["reservation"], None)
            case _:
                pass

    def _reserve(self, fact: Fact) -> None:
        body = {name: fact.body[name] for name in ("reservation", "usd", "tokens", "calls")}
        if not body["reservation"].startswith("share:"):
            self.reserved[body["reservation"]] = fact.key, body

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
        if fact.kind is FactKind.SPAWNED:
            self.spawned[fact.body["run"]] = fact.key

    def _answer(self, fact: Fact) -> None:
        record = self._record(fact.key)
        record.answered = fact
        if record.opened is not None and record.opened.body.get("wait") == "run":
            self.spawned.pop(record.opened.body["name"], None)
        if fact.key in self._under and fact.body["outcome"] == "done":
            record.undos = self._undos_under(fact.key)
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

    def _step(self, fact: Fact) -> StepRecord:
        call, _, path = fact.key.partition("/")
        return self.steps.setdefault(call, {}).setdefault(path, StepRecord())

    def _intend(self, fact: Fact) -> None:
        """Note that an effect was begun: a further attempt of a call, or a step, whose earlier doubt is settled."""
        call, _, path = fact.key.partition("/")
        record = self.records.get(call)
        if path:
            self._step(fact).intent = None if fact.body.get("cleared") else fact
            if record is not None and record.answers is not None and record.asked_of == path:
                record.question, record.answers = None, None
        elif record is not None:
            record.intent_recorded = True

    def _retry(self, fact: Fact) -> None:
        record = self._record(fact.key)
        record.retry, record.question, record.answers, record.intent_recorded = fact, None, None, False
        record.held = None
        if fact.body.get("first") == fact.body["attempt"]:
            record.granted.clear()  # what the agent was allowed, its fallback is not
        self.skip_under(fact.key)

    def _question(self, fact: Fact) -> None:
        record = self._record(fact.key)
        if "answers" in fact.body:
            record.answers = fact.body["answers"]
            if fact.body.get("granted"):
                record.granted[fact.body["granted"]] = fact.body["answers"][0]["value"]
            return
        record.question, record.answers = fact, None
        if fact.body.get("rule") is not None:
            record.intent_recorded = False
        if record.opened is None:
            record.opened = fact

    def _seq(self, key: str) -> int:
        opened = self.records[key].opened
        return -1 if opened is None else opened.seq


def voided(facts: Iterable[Fact]) -> set[int]:
    """Return the places of the facts that a retry or repin voided for replay."""
    return {seq for fact in facts if fact.kind is FactKind.REWOUND for seq in fact.body["facts"]}


def opened_as(record: KeyState, key: str, kind: FactKind, now: str, **body: Json) -> None:
    """Raise Diverged unless a record was opened by a fact of this kind and content; `now` describes it."""
    fact = record.opened
    if fact is None:
        return  # cancelled before it began
    if fact.kind is not kind or any(fact.body.get(name) != value for name, value in body.items()):
        raise Diverged(key, describe(fact), now)


def shortened(text: bytes | None) -> str:
    """Return a payload as a message can show it."""
    shown = "nothing" if text is None else text.decode()
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"


_OPENED: dict[FactKind, str] = {
    FactKind.ASKED: "a call of {agent}",
    FactKind.TIMER: "a sleep",
    FactKind.WAITING: "a wait for {wait} {name!r}",
    FactKind.QUESTION: "a question to {to!r}: {text}",
    FactKind.SPAWNED: "a child run of {workflow}",
    FactKind.CHOSEN: "a choice between branches",
    FactKind.UNDO: "a compensation by {agent}",
    FactKind.LOOKED_UP: "a look-up of {of}",
}


def describe(fact: Fact | None) -> str:
    """Return what a fact opened, in words for a message."""
    if fact is None:
        return "nothing"
    return _OPENED.get(fact.kind, fact.kind.name.lower()).format_map(fact.body)
