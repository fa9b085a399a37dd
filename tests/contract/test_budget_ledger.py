"""The ledger of a tree of runs against a model of a few lines: what is admitted, and what each budget then says."""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.engine.run.reservations import carved_from, reserved, share_of
from podium.engine.run.starting import Above, new_run
from podium.model.agent import Card
from podium.model.budget import PER_USD, Amount, Budget, BudgetLimits, BudgetLine, BudgetState
from podium.model.fact import FactKind
from podium.model.facts.runs import Started
from podium.model.json import decode
from podium.model.run import RunOptions, RunState
from podium.store.operations import CommitVerdict, OpenBudget, RaiseBudget, Reserve, Settle
from podium.store.protocol import BudgetQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand, fact
from tests.examples import examples

TENANT = BudgetLine(id="tenant:acme", limits=BudgetLimits(usd=60), configured=True)
AMOUNTS = st.integers(1, 30)


@dataclass(eq=False)
class Node:
    """A run, and what its requests came to."""

    id: str
    number: int
    lines: tuple[BudgetLine, ...]
    above: "Node | None"
    limit: int | None
    """Of its own budget."""
    share: int = 0
    """What is set aside for it in the budget above, what it spent before included."""
    held: bool = False
    """Whether that was not given back yet."""
    epoch: int = 1
    alive: bool = True
    children: list["Node"] = field(default_factory=list["Node"])
    requests: dict[str, int] = field(default_factory=dict[str, int])
    """What is known of each: its bound while it is under way, then what it really came to."""
    open: dict[str, int] = field(default_factory=dict[str, int])

    def lives(self) -> bool:
        """Whether it, or anything below, goes on."""
        return self.alive or any(child.lives() for child in self.children)

    def owner(self) -> "Node":
        """Return whose budget it spends from."""
        return self if self.limit is not None or self.above is None else self.above.owner()

    def is_raisable(self) -> bool:
        """Whether it has a budget, all those above which still have what it was carved out of."""
        above = None if self.above is None else self.above.owner()
        return self.limit is not None and (above is None or (self.held and above.is_raisable()))

    def used(self) -> int:
        """Return what counts against the budget that it spends from."""
        return sum(self.requests.values()) + sum(
            child.used() if child.limit is None else child.share if child.held else child.used()
            for child in self.children
        )

    def paid(self) -> int:
        """Return what it, and all below it, really spent."""
        return sum(self.requests.values()) + sum(child.paid() for child in self.children)


class Ledger(RuleBasedStateMachine):
    """Runs start others with and without a share, set aside, settle, are raised, end, and are tried again."""

    @initialize(limit=st.integers(0, 50))
    def begin(self, limit: int) -> None:
        """Start the first run."""
        self.hand = Hand(SqliteStore(":memory:"))
        self.nodes: list[Node] = []
        self.settled: list[tuple[Node, str]] = []
        self.n = 0
        self.start(None, limit)

    def teardown(self) -> None:
        """End all: then nothing is set aside any more."""
        if not hasattr(self, "hand"):
            return
        for node in [node for node in self.nodes if node.alive]:
            self.end(node)
        for state in self.states():
            assert not state.reserved, state
        self.agree()
        self.hand.close()

    def states(self) -> tuple[BudgetState, ...]:
        """Return what the store says of all budgets."""
        return self.hand.told(self.hand.store.budgets(BudgetQuery(limit=1_000))).items

    def start(self, above: Node | None, share: int | None) -> None:
        """Start a run below another; one whose share does not fit is not started."""
        name = "r" if above is None else f"{above.id}.{len(above.children)}"
        budget = None if share is None else Budget(usd=share / PER_USD)
        if above is not None and share is not None:
            limits = BudgetLimits(usd=share)
            counting = carved_from(above.lines, limits)
            wanted = self.reserve_of(above, f"share:{name}", share_of(limits), counting)
            fits = share <= self.room(above)
            assert self.hand.verdict(wanted) is (CommitVerdict.OK if fits else CommitVerdict.SCARCE)
            if not fits:
                return
        run = None if above is None else self.hand.told(self.hand.store.run(above.id))
        over = run and above and Above(run=run, callers=(), deadline=None, lines=above.lines, budget={})
        new = new_run(name, Card(name="w"), b"1", RunOptions(budget=budget), seed=1, at=1.0, above=over or None)
        node = Node(name, self.hand.start(new), Started.read(decode(new.started.body)).lines, above, share, share or 0)
        node.held = above is not None and share is not None
        self.nodes.append(node)
        if above is not None:
            above.children.append(node)

    def reserve_of(self, node: Node, id: str, amount: Amount, lines: list[BudgetLine]) -> Reserve:
        said = reserved(id, "0", amount, lines, 2.0)
        return Reserve(run=node.number, epoch=node.epoch, id=id, lines=lines, amount=amount, fact=said)

    def room(self, node: Node) -> int:
        """Return what is left in the budget that a run spends from."""
        owner = node.owner()
        assert owner.limit is not None
        return owner.limit - owner.used()

    def some(self, data: st.DataObject, *, alive: bool = True) -> Node:
        return data.draw(st.sampled_from([node for node in self.nodes if node.alive is alive]))

    @precondition(lambda self: any(node.alive for node in self.nodes))
    @rule(data=st.data(), share=st.none() | st.integers(0, 30))
    def spawn(self, data: st.DataObject, share: int | None) -> None:
        """Start a child run."""
        self.start(self.some(data), share)

    @precondition(lambda self: any(node.alive for node in self.nodes))
    @rule(data=st.data(), amount=AMOUNTS)
    def reserve(self, data: st.DataObject, amount: int) -> None:
        """Set something aside: admitted if, and only if, it fits."""
        node, self.n = self.some(data), self.n + 1
        wanted = self.reserve_of(node, f"b{self.n}", Amount(usd=amount), [*node.lines, TENANT])
        fits = amount <= self.room(node) and amount <= 60 - sum(each.paid() for each in self.nodes[:1])
        assert self.hand.verdict(wanted) is (CommitVerdict.OK if fits else CommitVerdict.SCARCE)
        if fits:
            node.requests[wanted.id] = node.open[wanted.id] = amount

    @precondition(lambda self: any(node.open and node.alive for node in self.nodes))
    @rule(data=st.data(), part=st.none() | st.floats(0, 1))
    def settle(self, data: st.DataObject, part: float | None) -> None:
        """Settle at what it came to, or at the bound where nobody knows."""
        node = data.draw(st.sampled_from([node for node in self.nodes if node.open and node.alive]))
        name = data.draw(st.sampled_from(sorted(node.open)))
        bound = node.open.pop(name)
        spent = node.requests[name] = bound if part is None else int(bound * part)
        told = Settle(name, None, in_doubt=True) if part is None else Settle(name, Amount(usd=spent))
        self.hand.write(node.number, fact(FactKind.SETTLED), epoch=node.epoch, effects=[told])
        self.settled.append((node, name))

    @precondition(lambda self: any(node.alive for node, _ in self.settled))
    @rule(data=st.data(), spent=AMOUNTS)
    def settle_again(self, data: st.DataObject, spent: int) -> None:
        """Settle what is settled: nothing happens."""
        node, name = data.draw(st.sampled_from([each for each in self.settled if each[0].alive]))
        effects = [Settle(name, Amount(usd=spent))]
        assert (
            self.hand.write(node.number, fact(FactKind.SETTLED), epoch=node.epoch, effects=effects) is CommitVerdict.OK
        )

    @precondition(lambda self: any(node.alive and node.is_raisable() for node in self.nodes))
    @rule(data=st.data(), by=AMOUNTS)
    def raised(self, data: st.DataObject, by: int) -> None:
        """Raise a budget, and with it those that it was carved out of."""
        node = data.draw(st.sampled_from([node for node in self.nodes if node.alive and node.is_raisable()]))
        effects = [RaiseBudget(f"run:{node.id}", Amount(usd=by))]
        assert (
            self.hand.write(node.number, fact(FactKind.QUESTION), epoch=node.epoch, effects=effects) is CommitVerdict.OK
        )
        raised: Node | None = node
        while raised is not None:
            assert raised.limit is not None
            raised.limit += by
            raised.share += by
            raised = raised.above.owner() if raised.held and raised.above is not None else None

    @precondition(lambda self: any(node.alive for node in self.nodes))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """End a run; what it had under way counts with its bound."""
        self.end(self.some(data))

    def end(self, node: Node) -> None:
        """End a run."""
        self.hand.finish(node.number, epoch=node.epoch, state=RunState.FAILED)
        node.alive = False
        node.open.clear()
        for each in reversed(self.nodes):
            if each.held and not each.lives():
                each.held, each.limit = False, each.used()

    @precondition(lambda self: not all(node.alive for node in self.nodes))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Have a run that failed go on; its share, if it was given back, is carved out again."""
        node = self.some(data, alive=False)
        claimed = self.hand.take_over(node.id)
        assert claimed is not None
        node.epoch = claimed.run.epoch
        own = node.lines[0].limits
        if node.limit is not None and node.above is not None:
            left = share_of(own, Amount(usd=node.used()))
            wanted = self.reserve_of(node, f"share:{node.id}", left, carved_from(node.above.lines, own))
            wanted = replace(wanted, opens=OpenBudget(f"run:{node.id}", own.at_least(Amount(usd=node.used()))))
            room = self.room(node.above)
            verdict = self.hand.verdict(wanted)
            if node.held:
                assert verdict is CommitVerdict.DUPLICATE
            elif left.usd > room:
                assert verdict is CommitVerdict.SCARCE
                self.end(node)
                return
            else:
                assert verdict is CommitVerdict.OK
                node.limit = max(own.usd or 0, node.used())
                node.share, node.held = node.used() + left.usd, True
        node.alive = True

    @invariant()
    def agree(self) -> None:
        """Every budget says what the model says, and nobody spent more than there was."""
        if not hasattr(self, "hand"):
            return
        states = {state.id: state for state in self.states()}
        for node in self.nodes:
            if node.limit is not None:
                state = states[f"run:{node.id}"]
                assert state.spent.usd + state.reserved.usd == node.used(), node.id
                assert node.paid() <= node.used() <= node.limit, node.id
        if "tenant:acme" in states:
            state = states["tenant:acme"]
            assert state.spent.usd + state.reserved.usd == self.nodes[0].paid() <= 60


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)
