"""What rules on the way of a call have of its run: money, turns of the branch, notes."""

from collections.abc import Collection, Mapping, Sequence

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.reservations import Wish, reserve, settle
from podium.model.agent import AnyAgent
from podium.model.allow import AllowList
from podium.model.budget import Amount, Breach, BudgetLine, Reservation
from podium.model.call import Call
from podium.model.facts.calls import StepDone
from podium.model.facts.notices import Notice
from podium.model.json import Json, decode
from podium.model.loops import AgentTurn
from podium.model.origin import ArgumentOrigin
from podium.model.prices import PriceSettings
from podium.model.spending import ASKED_FIRST
from podium.model.step import CACHE_STEP, is_under_guard


class StepsForRules:
    """The part of the steps of a call that looks at, and changes, its run as a whole."""

    __slots__ = ("_active", "_agent", "_branch", "_call", "_payer", "_request", "begun")

    def __init__(self, active: ActiveRun, branch: BranchTask, call: Call, agent: AnyAgent) -> None:
        self._active = active
        self._branch = branch
        self._call = call
        self._agent = agent
        self.begun = False
        """Whether the agent was asked in this attempt."""
        self._payer = ASKED_FIRST
        """Whose spending it is what is done here."""
        self._request: list[Json] = []
        """What the root run was started with, once it was read."""

    @property
    def turns(self) -> Sequence[AgentTurn]:
        """The calls of this branch that were answered, where a rule wants to know."""
        return self._branch.turns(self._call.key)

    @property
    def run_input(self) -> Json:
        """What the run, or its present generation, was started with."""
        return decode(self._active.history.input)

    async def request(self) -> Json:
        """Return what the root run was started with; see `podium.model.rule_steps.RuleSteps`."""
        run, started = self._active.run, self._active.history.started
        if run.root == run.id and started is not None:
            return started.value()
        if not self._request:
            facts = await self._active.runtime.store.facts_of(run.root, "")
            self._request.append(facts[0].value() if facts else None)
        return self._request[0]

    @property
    def allowed(self) -> tuple[AllowList, ...]:
        """The lists of what may be used in this call."""
        lists = self._active.journal.allowed
        return lists.at(self._call.key) if lists.any else ()

    @property
    def usd(self) -> float | None:
        """What the agent's own steps of this call came to, as far as they are recorded."""
        records = self._active.history.steps.get(self._call.key, {})
        total = 0.0
        for path, record in records.items():
            said = None if record.done is None or record.name == CACHE_STEP else record.done.content
            if isinstance(said, StepDone) and said.usage is not None and self._is_own(path, said):
                if said.usage.usd is None:
                    return None
                total += said.usage.usd
        return total

    def _is_own(self, path: str, said: StepDone) -> bool:
        """Whether a step at a place is the agent's: not one of an agent that is asked beside it."""
        return not said.beside and not is_under_guard(path)

    @property
    def lines(self) -> Sequence[BudgetLine]:
        """The budgets that what this run does counts against."""
        return self._active.lines

    @property
    def depth(self) -> int | None:
        """How many workflows inside one another the budget of the run allows."""
        return self._active.budget.get("depth")

    @property
    def budgeted(self) -> bool:
        """Whether anything bounds what this call may spend."""
        runtime = self._active.runtime
        card = runtime.dispatcher.card(self._agent)
        own = card.budget is not None or (card.limit is not None and card.limit.tokens is not None)
        return own or runtime.dispatcher.bounded or bool(self._active.lines)

    @property
    def prices(self) -> PriceSettings:
        """What things cost, as far as the settings say so."""
        return self._active.runtime.prices

    async def reserve(
        self, amount: Amount, lines: Sequence[BudgetLine] = (), *, step: str = "", behind: Sequence[str] = ()
    ) -> Reservation | Breach | None:
        """Set an amount aside; see `podium.model.rule_steps.RuleSteps`."""
        counting = [line for line in (*self._active.lines, *lines) if amount.counts(line.limits)]
        if not counting:
            return None
        wish = Wish(
            key=self._call.key,
            amount=amount,
            lines=counting,
            behind=behind,
            until=self._call.deadline,
            by=self._payer.by,
        )
        found = await reserve(self._active, self._branch, wish, (lambda: self._stand_back(step)) if step else None)
        if isinstance(found, Reservation):
            return found
        to = next(line.to for line in counting if line.id == found.state.id)
        return Breach(found.state, to, found.coming)

    async def _stand_back(self, step: str) -> None:
        """Have a step that has done nothing yet wait until the run is let go: the worker stops."""
        await self._active.gate.held_back()

    def settle(self, reservation: Reservation, spent: Amount, *, doubt: int = 0, untold: int | None = None) -> None:
        """Record what was spent of what was set aside."""
        settle(self._active, self._call.key, reservation, spent, doubt=doubt, untold=untold, by=self._payer.by)

    async def origins(self, input: Json, names: Collection[str] | None = None) -> Mapping[str, ArgumentOrigin]:
        """Return where each argument of what is asked comes from; see `podium.model.rule_steps.RuleSteps`."""
        journal = self._active.journal
        await journal.committed()
        return await journal.provenance.origins(input, names)

    def note(self, guard: str, body: Mapping[str, Json]) -> None:
        """Record what a rule did, for reports and audits; in a replay it is recorded already."""
        if self._active.gate.replaying:
            return
        self._active.journal.append(Notice(guard=guard, said=body), self._call.key)
