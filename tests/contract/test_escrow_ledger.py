"""Escrows in the ledger against a model of a few lines: two workers draw, settle, give back, die, want all there is."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.engine.run.reservations import reserved
from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.inserting import NewRun
from podium.store.operations import ESCROW_ROOM, CommitVerdict, Draw, Effect, Reserve, Settle, Write
from podium.store.protocol import BudgetQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import WORKFLOW, Hand, fact
from tests.examples import examples

OWN, TENANT = 400, 600
AMOUNTS = st.integers(1, 40)


@dataclass(eq=False)
class Node:
    """A run, what it holds, and what was really spent by it, which no store has to know."""

    id: str
    number: int
    hand: Hand
    epoch: int = 1
    alive: bool = True
    open: dict[str, int] = field(default_factory=dict[str, int])
    """What is set aside for calls that are under way."""
    escrow: tuple[str, int] | None = None
    left: int = 0
    """Of the escrow, as the run's own budget has it; the tenant's may have another."""
    paid: int = 0

    @property
    def lines(self) -> list[BudgetLine]:
        own = BudgetLine(id=f"run:{self.id}", limits=BudgetLimits(usd=OWN))
        return [own, BudgetLine(id="tenant:acme", limits=BudgetLimits(usd=TENANT), configured=True)]


@dataclass
class Row:
    """One budget, by the book."""

    limit: int
    spent: int = 0
    doubt: int = 0
    open: dict[str, int] = field(default_factory=dict[str, int])
    escrows: dict[str, int] = field(default_factory=dict[str, int])
    wanted: int = 0

    def room(self) -> int:
        return self.limit - self.spent - sum(self.open.values()) - sum(self.escrows.values())


class EscrowLedger(RuleBasedStateMachine):
    """Runs of two workers spend from budgets of their own and from one that they share."""

    @initialize()
    def begin(self) -> None:
        """Enter two workers, each with a run."""
        self.store = SqliteStore(":memory:")
        self.hands = [Hand(self.store, "w_1"), Hand(self.store, "w_2")]
        self.nodes: list[Node] = []
        self.book: dict[str, Row] = {"tenant:acme": Row(TENANT)}
        self.n = 0
        for hand in self.hands:
            self.start(hand)

    def teardown(self) -> None:
        """End all: then nothing is set aside any more."""
        if not hasattr(self, "store"):
            return
        for node in [node for node in self.nodes if node.alive]:
            self.end(node)
        assert all(not state.reserved for state in asyncio.run(self.store.budgets(BudgetQuery())).items)
        self.agree()
        self.store.close()

    def start(self, hand: Hand) -> None:
        name = f"r{len(self.nodes)}"
        run = NewRun(
            id=name, workflow=WORKFLOW, version="1", queue="default", priority=0, tenant="acme", principal="p",
            parent=None, root=name, tag=None, at=1.0, started=fact(FactKind.STARTED), limits=BudgetLimits(usd=OWN),
        )  # fmt: skip
        self.nodes.append(Node(name, hand.start(run), hand))
        self.book[f"run:{name}"] = Row(OWN)

    def rows(self, node: Node) -> list[Row]:
        return [self.book[line.id] for line in node.lines]

    def some(self, data: st.DataObject) -> Node:
        return data.draw(st.sampled_from([node for node in self.nodes if node.alive]))

    def named(self) -> str:
        self.n += 1
        return f"b{self.n}"

    def wanted(self, node: Node, amount: int, *, escrow: bool) -> Reserve:
        name = self.named()
        said = reserved(name, "0", Amount(usd=amount), node.lines, 2.0)
        return Reserve(
            run=node.number, epoch=node.epoch, id=name, lines=node.lines, amount=Amount(usd=amount), fact=said,
            escrow=escrow,
        )  # fmt: skip

    @rule(data=st.data(), amount=AMOUNTS)
    def reserve(self, data: st.DataObject, amount: int) -> None:
        """Set something aside exactly: it is admitted if it fits; if escrows alone are in its way, it is told."""
        node = self.some(data)
        self.exactly(node, amount)

    @precondition(lambda self: any(row.room() > 40 for row in self.book.values()))
    @rule(data=st.data())
    def want_all(self, data: st.DataObject) -> None:
        """Want more than there is room for, but for escrows."""
        node = self.some(data)
        rows = self.rows(node)
        most = min(row.room() + sum(row.escrows.values()) for row in rows)
        if most > 0:
            self.exactly(node, most)

    def exactly(self, node: Node, amount: int) -> None:
        wanted, rows = self.wanted(node, amount, escrow=False), self.rows(node)
        committed = node.hand.commit(wanted)
        scarce = next((row for row in rows if row.room() < amount), None)
        for row in rows[: None if scarce is None else rows.index(scarce)]:
            row.wanted *= row.wanted > amount
        if scarce is None:
            assert committed.verdicts == [CommitVerdict.OK]
            node.open[wanted.id] = amount
            for row in rows:
                row.open[wanted.id] = amount
            return
        assert committed.verdicts == [CommitVerdict.SCARCE]
        without_escrows = scarce.room() + sum(scarce.escrows.values())
        assert (wanted.id in committed.recallable) is (amount <= without_escrows)
        if amount <= without_escrows:
            scarce.wanted = max(scarce.wanted, amount)

    @rule(data=st.data(), amount=AMOUNTS)
    def escrow(self, data: st.DataObject, amount: int) -> None:
        """Hold something in escrow: only where there is much more room, beside what others want."""
        node = self.some(data)
        if node.escrow is not None:
            return
        wanted, rows = self.wanted(node, amount, escrow=True), self.rows(node)
        verdict = node.hand.verdict(wanted)
        fits = [row.room() - row.wanted >= amount * ESCROW_ROOM for row in rows]
        for row, fitting in zip(rows, fits, strict=True):
            if not fitting:
                break
            row.wanted *= row.wanted > amount
        assert verdict is (CommitVerdict.OK if all(fits) else CommitVerdict.SCARCE)
        if all(fits):
            node.escrow, node.left = (wanted.id, amount), amount
            for row in rows:
                row.escrows[wanted.id] = amount

    @precondition(lambda self: any(node.alive and node.escrow for node in self.nodes))
    @rule(
        data=st.data(), parts=st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(0, 1)), min_size=1, max_size=4)
    )
    def draw(self, data: st.DataObject, parts: list[tuple[float, float | None]]) -> None:
        """Begin calls that the escrow covers, some of which end before the commit; none is refused."""
        node = data.draw(st.sampled_from([node for node in self.nodes if node.alive and node.escrow]))
        assert node.escrow is not None
        covered, effects, took = node.escrow[1], list[Effect](), False
        for part, came_to in parts:
            amount = int(part * covered)
            if amount == 0:
                continue
            covered -= amount
            spent = None if came_to is None else int(amount * came_to)
            name = self.named()
            told = None if spent is None else Amount(usd=spent)
            effects.append(
                Draw(id=name, escrow=node.escrow[0], lines=node.lines, amount=Amount(usd=amount), spent=told)
            )
            took |= self.draws(node, name, amount, spent)
        committed = node.hand.commit(Write(node.number, node.epoch, [fact(FactKind.RESERVED)], effects))
        assert committed.verdicts == [CommitVerdict.OK]
        assert committed.drawn_on == ({node.escrow[0]} if took else set())
        if took:
            self.back(node)

    def draws(self, node: Node, name: str, amount: int, spent: int | None) -> bool:
        """Take from the room if there is enough, else from the escrow; returns whether something was."""
        assert node.escrow is not None
        due, took = amount if spent is None else spent, False
        for row in self.rows(node):
            if due and row.room() - row.wanted < due * ESCROW_ROOM:
                row.escrows[node.escrow[0]] -= due
                took = True
            elif spent is None:
                row.wanted *= row.wanted > due
            if spent is None:
                row.open[name] = due
            else:
                row.spent += due
        if spent is None:
            node.open[name] = amount
        node.paid += spent or 0
        return took

    @precondition(lambda self: any(node.alive and node.open for node in self.nodes))
    @rule(data=st.data(), part=st.floats(0, 1))
    def settle(self, data: st.DataObject, part: float) -> None:
        """A call ends: what it came to is spent, the rest is free."""
        node = data.draw(st.sampled_from([node for node in self.nodes if node.alive and node.open]))
        name = data.draw(st.sampled_from(sorted(node.open)))
        spent = int(node.open.pop(name) * part)
        node.hand.write(
            node.number, fact(FactKind.SETTLED), epoch=node.epoch, effects=[Settle(name, Amount(usd=spent))]
        )
        node.paid += spent
        for row in self.rows(node):
            row.open.pop(name)
            row.spent += spent

    @precondition(lambda self: any(node.alive and node.escrow for node in self.nodes))
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """Give an escrow back."""
        self.back(data.draw(st.sampled_from([node for node in self.nodes if node.alive and node.escrow])))

    def back(self, node: Node) -> None:
        assert node.escrow is not None
        effects = [Settle(node.escrow[0], Amount())]
        node.hand.write(node.number, fact(FactKind.SETTLED), epoch=node.epoch, effects=effects)
        for row in self.rows(node):
            row.escrows.pop(node.escrow[0])
        node.escrow = None

    @rule(data=st.data(), unrecorded=st.floats(0, 1))
    def die(self, data: st.DataObject, unrecorded: float) -> None:
        """A worker dies; what its runs had begun within their escrows, nobody ever records. The other one goes on."""
        dead = data.draw(st.sampled_from(self.hands))
        other = next(hand for hand in self.hands if hand is not dead)
        self.store.workers.leave(dead.worker)
        for node in [node for node in self.nodes if node.alive and node.hand is dead]:
            node.paid += sum(node.open.values())
            late = Write(node.number, node.epoch, [fact(FactKind.RESERVED)], [])
            if node.escrow is not None:
                node.paid += int(node.escrow[1] * unrecorded)
                draw = Draw(id=self.named(), escrow=node.escrow[0], lines=node.lines, amount=Amount(usd=1))
                late.effects.append(draw)
            assert dead.commit(late).verdicts == [CommitVerdict.STALE], "whoever was declared dead draws nothing"
            self.take_over(node, other)
        self.hands[self.hands.index(dead)] = Hand(self.store, f"w_{self.named()}")

    def take_over(self, node: Node, hand: Hand) -> None:
        """Drive a run on: what its last worker held counts as spent."""
        [claimed] = hand.claim(node.number)
        node.hand, node.epoch = hand, claimed.run.epoch
        unknown = [*node.open, *([] if node.escrow is None else [node.escrow[0]])]
        effects = [Settle(name, None, in_doubt=True) for name in unknown]
        hand.write(node.number, fact(FactKind.SETTLED), epoch=node.epoch, effects=effects)
        for row in self.rows(node):
            lost = sum(row.open.pop(name, 0) + row.escrows.pop(name, 0) for name in unknown)
            row.spent += lost
            row.doubt += lost
        node.open.clear()
        node.escrow = None

    @precondition(lambda self: len(self.nodes) < 6)
    @rule(data=st.data())
    def another(self, data: st.DataObject) -> None:
        """Start one more run."""
        self.start(data.draw(st.sampled_from(self.hands)))

    @precondition(lambda self: sum(node.alive for node in self.nodes) > 1)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """End a run."""
        self.end(self.some(data))

    def end(self, node: Node) -> None:
        if node.escrow is not None:
            self.back(node)
        node.hand.finish(node.number, epoch=node.epoch, state=RunState.FAILED)
        node.alive = False
        for row in self.rows(node):
            lost = sum(row.open.pop(name) for name in node.open)
            row.spent += lost
            row.doubt += lost
        node.paid += sum(node.open.values())
        node.open.clear()

    @invariant()
    def agree(self) -> None:
        """The store says what the book says, and nobody really spent more than that, or than there was."""
        if not hasattr(self, "store"):
            return
        states: dict[str, BudgetState] = {
            state.id: state for state in asyncio.run(self.store.budgets(BudgetQuery())).items
        }
        for name, row in self.book.items():
            if (state := states.get(name)) is None:
                continue
            aside = sum(row.open.values()) + sum(row.escrows.values())
            assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (row.spent, aside, row.doubt), name
            assert row.spent + aside <= row.limit, name
        for node in self.nodes:
            assert node.paid <= self.book[f"run:{node.id}"].spent + sum(node.open.values()), node.id
        assert sum(node.paid for node in self.nodes) <= self.book["tenant:acme"].spent <= TENANT


TestEscrowLedger = EscrowLedger.TestCase
TestEscrowLedger.settings = settings(max_examples=examples(80), stateful_step_count=40, deadline=None)
