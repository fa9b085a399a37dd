"""What a rule on the way of a call is handed: what agents have, and the run's money and turns."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from podium.model.agent import AnyAgent
from podium.model.allow import AllowList
from podium.model.budget import Amount, Breach, BudgetLine, Reservation
from podium.model.json import Json
from podium.model.loops import AgentTurn
from podium.model.origin import ArgumentOrigin
from podium.model.outcome import Outcome, Usage
from podium.model.said import SaidInTurn
from podium.model.steps import Steps

ChangeSent = Callable[[Json], Json]
"""Returns how a request that was sent is recorded."""


class SpeakingTurn(Protocol):
    """The turn of a call in a conversation, as those see it who have the agent run."""

    def begin(self, asked: Json) -> None:
        """Note what the agent is handed."""
        ...

    def said(self, answer: Json) -> SaidInTurn:
        """Return what it says with this answer."""
        ...


class RuleSteps(Steps, Protocol):
    """What a rule is handed with each call and step: the `Steps` of the agent, and what only rules may use."""

    begun: bool
    """Whether the agent was asked in this attempt."""

    @property
    def turns(self) -> Sequence[AgentTurn]:
        """The calls of this branch that were answered, the oldest first; only where a rule wants to know."""
        ...

    @property
    def turn(self) -> SpeakingTurn | None:
        """The turn that the call has in a conversation."""
        ...

    @property
    def refusals(self) -> Sequence[str]:
        """The rules that did not allow steps of this attempt since it was taken up, where its agent was told so."""
        ...

    @property
    def run_input(self) -> Json:
        """What the run, or its present generation, was started with."""
        ...

    async def request(self) -> Json:
        """Return what the user asked for: what the run was started with that all began with. None where it is gone."""
        ...

    @property
    def allowed(self) -> tuple[AllowList, ...]:
        """The lists of what this call may use: of the run, of those above it, and what its code has said since."""
        ...

    @property
    def usd(self) -> float | None:
        """What the agent's own steps of this call came to, in US dollars; None where that of one is not known."""
        ...

    @property
    def lines(self) -> Sequence[BudgetLine]:
        """The budgets of the run, and of those above it, that its requests count against."""
        ...

    @property
    def depth(self) -> int | None:
        """How many workflows inside one another the budget of the run allows; None is any number."""
        ...

    def answered(self, usage: Usage) -> None:
        """Take note of what the answer of the agent came to: that is recorded, also where the answer is not."""
        ...

    async def beside(self, agent: AnyAgent, input: Json, *, sent: ChangeSent | None = None) -> Outcome:
        """Have another agent asked in the step one is in, beside the agent of this call, and under its own rules.

        It is limited, cut off, allowed and paid for like any agent that is called; what it does is recorded inside the
        step, and what it costs with the step, under its own name. `sent` returns its requests as they are recorded.
        What has to wait for people or a time has the step wait for them. Raises UsageError outside of a step.
        """
        ...

    async def reserve(
        self, amount: Amount, lines: Sequence[BudgetLine] = (), *, step: str = "", behind: Sequence[str] = ()
    ) -> Reservation | Breach | None:
        """Set an amount aside in the run's budgets and these; None where it counts against none of them.

        It is in the store when this returns, or covered by an escrow there: only then may it be spent. Where it has no
        room only because of what is in flight, it waits for that. `step` is the place of the step that it is for; it is
        `behind` the reservations of those inside whose calls it is wanted, which come back only after it.
        """
        ...

    async def origins(self, input: Json, names: Collection[str] | None = None) -> Mapping[str, ArgumentOrigin]:
        """Return where each argument of an input comes from: the request, or who gave it, by what is recorded.

        Inside arguments, keys that are none of the `names` of members count as values; None is not to know them.
        Raises InvalidValue where there is too much to look at.
        """
        ...

    def settle(self, reservation: Reservation, spent: Amount, *, doubt: int = 0, untold: int | None = None) -> None:
        """Record what was spent of what was set aside.

        `doubt` is how much of its dollars, in billionths, nobody told. `untold` is how much of that is in no usage
        which is recorded with a step or an answer; None is all of it.
        """
        ...
