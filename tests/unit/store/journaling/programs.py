"""Random groups of operations on a small world, in which they meet: few runs, few questions, tight budgets."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from random import Random

from podium.model.audit import Pruning
from podium.model.budget import Amount, BudgetLimits, BudgetLine
from podium.model.conversation import Busy
from podium.model.fact import FactKind
from podium.model.inbox_book import Remark
from podium.model.people import People
from podium.model.person import Person
from podium.model.question import Ask, PersonAnswer, Question, QuestionState
from podium.model.run import BlockedReason, RunState, Signal
from podium.model.streams.book import KeptEvent
from podium.store.asking import Expire, KeepRemark, OpenQuestion, Reply, WithdrawQuestion
from podium.store.codec import encode
from podium.store.conversation_changes import (
    ConversationChange,
    DeleteConversation,
    ForkConversation,
    RedactConversation,
)
from podium.store.conversing import AppendTurn, NewMessage, ReleaseTurn, WantTurn
from podium.store.inserting import NewFact, NewRun
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import (
    BeginGeneration,
    Block,
    Close,
    Draw,
    Effect,
    FetchSignals,
    FinishRun,
    HandBack,
    OpenBudget,
    Operation,
    Park,
    Prune,
    RaiseBudget,
    Redact,
    Release,
    Reserve,
    Send,
    Settle,
    Spawn,
    Start,
    TakeSignal,
    Tell,
    Unblock,
    Write,
)
from tests.unit.store.journaling.tables import RunRow, Tables

_SPOKEN = "What somebody says at length. " * 30
_SAID = [
    encode({"kind": "request", "parts": [{"part_kind": "user-prompt", "content": content}]})
    for content in ("classified", _SPOKEN, f"{_SPOKEN}And more.", f"{_SPOKEN}{_SPOKEN}")
]
PARENTS = {"a": None, "b": None, "c": "a", "d": "c", "e": "a", "f": None}
"""All runs there can be, and what started them."""
WITH_BUDGET = {"a": 60, "c": 30, "d": 15}
SHARED = BudgetLine(id="day", limits=BudgetLimits(usd=80, calls=20), configured=True)
LINES = {
    "a": [BudgetLine(id="run:a", limits=BudgetLimits(usd=60)), SHARED],
    "c": [BudgetLine(id="run:c", limits=BudgetLimits(usd=30)), SHARED],
}
ABOVE = {"c": "a", "d": "c"}
"""The runs whose budget is carved out of that of another."""
SIGNALS = ["s1", "s2", "child:c:3"]
CONVERSATIONS = ["u", "v", "u~1"]
TURNS = ["start", "0", "0.1", "2"]
QUESTIONS = ["q1", "q2", "q3"]
PEOPLE = People({"ada": Person(groups=["boss"]), "bob": Person(groups=["boss"], capacity=1)})
BUDGETS = ["run:a", "run:c", "run:d", "day"]
LARGE = b'"' + b"x" * 40_000 + b'"'
ENDS = [RunState.DONE, RunState.FAILED, RunState.CANCELLED]


class Programs:
    """Makes operations by chance, for a store that stands as these tables say."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._ids = count(1)
        self._held: list[str] = [f"share:{run}" for run in ABOVE]
        """What may be set aside."""
        self._escrows = ["none"]

    def group(self, tables: Tables) -> list[Operation]:
        """Return operations for one commit."""
        makers: list[tuple[int, Callable[[Tables], Operation]]] = [
            (12, self._write), (4, self._start), (4, self._send), (4, self._reply), (2, self._remark),
            (8, self._reserve), (1, self._expire), (2, self._redact), (2, self._prune), (1, self._keep),
            (3, self._keep_events), (1, self._fetch), (1, self._hand_back), (1, self._unblock),
            (3, self._change_conversation),
        ]  # fmt: skip
        weights, made = [weight for weight, _ in makers], self._chance.choice([1, 1, 2, 3, 6, 10])
        return [make(tables) for _, make in self._chance.choices(makers, weights, k=made)]

    def _run(self, tables: Tables) -> tuple[int, int]:
        """Return number and epoch of a run, mostly of one that is driven; now and then an epoch of the past."""
        driven = [n for n, row in tables.runs.items() if row.state is RunState.RUNNING]
        n = self._chance.choice(driven if driven and self._chance.random() < 0.8 else sorted(tables.runs) or [1_000])
        epoch = tables.runs[n].epoch if n in tables.runs else 1
        return n, epoch - (self._chance.random() < 0.1)

    def _fact(self, kind: FactKind = FactKind.LOOKED_UP) -> NewFact:
        payload = self._chance.choice([None, b"1", LARGE, LARGE[:-2] + b'"', encode(_SPOKEN), encode([1, _SPOKEN])])
        return NewFact(kind, self._chance.choice(["0", "1.2"]), 100.0, encode({"of": "it"}), payload)

    def _amount(self) -> Amount:
        return Amount(usd=self._chance.choice([0, 1, 3, 5, 8, 30, 60]), tokens=5, calls=self._chance.randrange(0, 3))

    def _new_run(self) -> NewRun:
        name = self._chance.choice(list(PARENTS))
        limits = BudgetLimits(usd=WITH_BUDGET[name]) if name in WITH_BUDGET else None
        return NewRun(
            id=name, workflow="work", version="1", queue=self._chance.choice(["default", "slow"]), priority=3,
            tenant="t", principal="p", parent=PARENTS[name], root="a", tag=self._chance.choice([None, None, "tag"]),
            at=100.0, turn=self._chance.choice([None, None, self._want(TURNS[0])]),
            started=self._fact(FactKind.STARTED), facts=[self._fact()] * self._chance.choice([0, 0, 1]), limits=limits,
        )  # fmt: skip

    def _signal(self) -> Signal:
        return Signal(self._chance.choice(SIGNALS), "user", "go", {"n": 1}, 150.0)

    def _write(self, tables: Tables) -> Write:
        n, epoch = self._run(tables)
        facts = [self._fact() for _ in range(self._chance.choice([0, 1, 1, 2, 3]))]
        effects = [self._effect(tables, n) for _ in range(self._chance.choice([0, 0, 1, 1, 3]))]
        return Write(n, epoch, facts, effects, self._close(tables, n))

    def _close(self, tables: Tables, n: int) -> Close | None:
        wake = tables.runs[n].wake if n in tables.runs else 0
        at = self._chance.choice([None, 500.0])
        return self._chance.choice([
            *[None] * 20, BeginGeneration(self._chance.randrange(2, 9), "3"), Park(wake, at), Park(wake + 1, at),
            Block("why", BlockedReason.QUARANTINED),
            Block("why", BlockedReason.MISSING_VERSION), Release(RunState.READY, "", "2", None),
            Release(RunState.FAILED, "late", "2", 300.0), *(FinishRun(end, "", 200.0, {"value": 1}) for end in ENDS),
        ])  # fmt: skip

    def _effect(self, tables: Tables, n: int) -> Effect:
        name = tables.runs[n].run.id if n in tables.runs else "a"
        ask = Ask(text="May I?", subject={"of": 1}, quorum=self._chance.choice([1, 2, 2]), to="boss")
        question = Question(
            id=self._chance.choice(QUESTIONS), run=name, key="0", ask=ask, asked_at=100.0,
            deadline=self._chance.choice([None, 110.0]), state=QuestionState.OPEN,
        )  # fmt: skip
        budget = self._chance.choice(BUDGETS)
        return self._chance.choice([
            OpenQuestion(question), OpenQuestion(question, people=PEOPLE),
            WithdrawQuestion(self._chance.choice(QUESTIONS)),
            Spawn(self._new_run()), TakeSignal(self._chance.choice(SIGNALS)),
            Tell(self._chance.choice(list(PARENTS)), self._signal()),
            *(Settle(self._chance.choice(self._held), self._chance.choice([None, self._amount()]), doubt)
              for doubt in (False, False, True)),
            self._draw(name), self._draw(name), RaiseBudget(budget, Amount(usd=self._chance.randrange(20))),
            *self._of_turns(tables, name),
        ])  # fmt: skip

    def _want(self, key: str, within: str | None = None) -> WantTurn:
        busy: Busy = self._chance.choice(["wait", "wait", "refuse", "fork"])
        name = self._chance.choice(CONVERSATIONS)
        return WantTurn(tenant="t", principal="p", name=name, key=key, at=100.0, busy=busy, within=within)

    def _of_turns(self, tables: Tables, run: str) -> list[Effect]:
        """Return what a run may say of turns: that it joins one, or says something, where it has one."""
        key, own = self._chance.choice(TURNS), [row.key for row in tables.turns.values() if row.run == run]
        effects: list[Effect] = [self._want(key), self._want(key), ReleaseTurn(key, 101.0)]
        if own:
            at = self._chance.choice(own)
            said = [NewMessage("ann", each) for each in self._chance.sample(_SAID, self._chance.randrange(3))]
            effects.append(AppendTurn(key=at, messages=said, at=102.0))
        return effects

    def _change_conversation(self, _: Tables) -> ConversationChange:
        own, name = f"change{next(self._ids)}", self._chance.choice(CONVERSATIONS)
        record = replace(self._new_run(), id=own, parent=None, root=own, tag=None, limits=None, turn=None)
        edited = self._chance.choice([None, NewMessage("ann", self._chance.choice(_SAID))])
        into, at = self._chance.choice([*CONVERSATIONS, "w"]), self._chance.randrange(4)
        return self._chance.choice([
            DeleteConversation(tenant="t", name=name, record=record),
            RedactConversation(tenant="t", name=name, record=record),
            ForkConversation(tenant="t", name=name, into=into, at=at, edited=edited, record=record),
        ])  # fmt: skip

    def _draw(self, name: str) -> Draw:
        drawn = f"d{next(self._ids)}"
        self._held.append(drawn)
        return Draw(
            id=drawn, escrow=self._chance.choice(self._escrows), lines=LINES.get(name, [SHARED]), amount=self._amount(),
            spent=self._chance.choice([None, self._amount()]),
        )  # fmt: skip

    def _reserve(self, tables: Tables) -> Reserve:
        n, epoch = self._run(tables)
        name = tables.runs[n].run.id if n in tables.runs else "a"
        child = next((child for child, above in ABOVE.items() if above == name and self._chance.random() < 0.3), None)
        escrow = child is None and self._chance.random() < 0.5
        wanted = f"share:{child}" if child is not None else f"{'e' if escrow else 'b'}{next(self._ids)}"
        amount = self._amount() if child is None else Amount(usd=WITH_BUDGET[child])
        amount = Amount(usd=self._chance.choice([1, 3, 5])) if escrow else amount
        lines = LINES.get(name, [SHARED])[: None if child is None else 1]
        self._held.append(wanted)
        if escrow:
            self._escrows.append(wanted)
        fact = self._fact(FactKind.RESERVED)
        limits = BudgetLimits(usd=self._chance.randrange(30, 80))
        opens = self._chance.choice([None, None, None, OpenBudget(self._chance.choice(BUDGETS), limits)])
        return Reserve(
            run=n, epoch=epoch, id=wanted, lines=lines, amount=amount, fact=fact, escrow=escrow, opens=opens
        )  # fmt: skip

    def _start(self, _: Tables) -> Start:
        return Start(self._new_run(), drive=self._chance.random() < 0.8)

    def _send(self, _: Tables) -> Send:
        return Send(self._chance.choice(list(PARENTS)), self._signal())

    def _reply(self, tables: Tables) -> Reply:
        by = self._chance.choice(["ann", "bob"])
        at = self._chance.choice([105.0, 106.0, 106.0, 115.0])
        question = self._chance.choice(sorted(tables.questions) or QUESTIONS)
        return Reply(
            question,
            PersonAnswer(by=by, value={"yes": self._chance.choice([True, 1])}, at=at),
            self._chance.random() < 0.5,
        )

    def _remark(self, tables: Tables) -> KeepRemark:
        question = self._chance.choice(sorted(tables.questions) or QUESTIONS)
        name, to = f"r_{question}_{self._chance.randrange(3)}", self._chance.choice([None, "ann", "Bob"])
        return KeepRemark(Remark(id=name, question=question, by="ann", at=105.0, text="Well.", assignee=to))

    def _expire(self, _: Tables) -> Expire:
        return Expire(self._chance.choice(QUESTIONS))

    def _redact(self, tables: Tables) -> Redact:
        n, epoch = self._run(tables)
        facts = [place & 0xFFFFFF for place in sorted(tables.facts) if place >> 24 == n]
        name = tables.runs[n].run.id if n in tables.runs else "a"
        left = [(seq, b"{}") for seq in facts]
        return Redact(run=name, epoch=epoch, left=left, reason="", fact=self._fact(FactKind.REDACTED))

    def _prune(self, tables: Tables) -> Prune:
        """Prune a run or two, most of them as they are."""
        rows = [row for row in tables.runs.values() if any(place >> 24 == row.n for place in tables.facts)]
        chosen = self._chance.sample(rows, min(len(rows), self._chance.choice([1, 1, 2])))
        return Prune([(row.epoch + self._chance.choice([0, 0, 0, 1]), _pruning(tables, row)) for row in chosen])

    def _keep(self, _: Tables) -> KeepAnswer:
        digest, now = self._chance.choice(["x", "y"]), self._chance.choice([10.0, 20.0, 30.0])
        run = self._chance.choice(list(PARENTS))
        return KeepAnswer(
            agent="g", version="1", tenant="t", digest=digest, value=b"1", run=run, key="0", now=now, until=now + 15.0
        )

    def _keep_events(self, tables: Tables) -> KeepEvents:
        n, epoch = self._run(tables)
        run = tables.runs[n].run.id if n in tables.runs else "nobody"
        numbers = sorted(self._chance.sample(range(1, 20), self._chance.choice([0, 1, 3])))
        events = [KeptEvent(number, epoch, b"{}") for number in numbers]
        trim = self._chance.choice([0, 0, 5, 15])
        return KeepEvents(run=run, epoch=epoch, events=events, last=max(numbers, default=0), trim=trim, until=9.0)

    def _fetch(self, tables: Tables) -> FetchSignals:
        return FetchSignals(*self._run(tables))

    def _hand_back(self, tables: Tables) -> HandBack:
        return HandBack(self._run(tables)[0])

    def _unblock(self, _: Tables) -> Unblock:
        return Unblock("work")


def _pruning(tables: Tables, row: RunRow) -> Pruning:
    last = max(place for place in tables.facts if place >> 24 == row.n)
    return Pruning(
        run=row.run.id, facts=(last & 0xFFFFFF) + 1, head=tables.facts[last].hash, state=row.state, at=300.0, by="ann",
        why="old", signature=None,
    )  # fmt: skip
