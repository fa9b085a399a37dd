"""Money: what was spent, what may be spent, and what is in doubt."""

from typing import Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput
from podium.model.budget import PER_USD, Amount, BudgetLimits, BudgetState
from podium.model.cost import Cost


class CostBody(ApiBody):
    """What was spent on one agent, model, workflow, tenant, day, run or conversation."""

    part: str
    calls: int
    requests: Annotated[int, Field(description="To models.")]
    input_tokens: int
    output_tokens: int
    usd: Annotated[float, Field(description="As far as prices are known.")]
    in_doubt_usd: Annotated[float, Field(description="Set aside, or perhaps spent: nobody told.")]
    unpriced: Annotated[int, Field(description="Calls and steps whose price is not known.")]
    runs: int
    done: Annotated[int, Field(description="Runs of them that have ended.")]
    usd_per_done: float | None
    cpu_seconds: float
    gb_seconds: float
    saved_usd: Annotated[float, Field(description="What answers that were given again had cost at first.")]
    tenant: str | None

    @classmethod
    def of(cls, cost: Cost) -> Self:
        """Return what was spent as others see it."""
        return cls(
            part=cost.part or "", calls=cost.calls, requests=cost.requests, input_tokens=cost.input_tokens,
            output_tokens=cost.output_tokens, usd=cost.usd, in_doubt_usd=cost.in_doubt, unpriced=cost.unpriced,
            runs=cost.runs, done=cost.done, usd_per_done=cost.usd_per_done, cpu_seconds=cost.cpu_seconds,
            gb_seconds=cost.gb_seconds, saved_usd=cost.saved, tenant=cost.tenant,
        )  # fmt: skip


class AmountBody(ApiBody):
    """Dollars, tokens and calls; null is no bound."""

    usd: float | None
    tokens: int | None
    calls: int | None

    @classmethod
    def of(cls, amount: Amount | BudgetLimits) -> Self:
        """Return an amount, or limits, as others see them."""
        usd = None if amount.usd is None else amount.usd / PER_USD
        return cls(usd=usd, tokens=amount.tokens, calls=amount.calls)


class BudgetBody(ApiBody):
    """How a budget stands."""

    budget: Annotated[str, Field(description="Its id: `run:ID`, `agent:NAME`, `tenant:NAME`, `day`.")]
    limit: AmountBody
    set_aside: AmountBody
    spent: AmountBody
    in_doubt_usd: float

    @classmethod
    def of(cls, state: BudgetState) -> Self:
        """Return a budget as others see it."""
        return cls(
            budget=state.id, limit=AmountBody.of(state.limits), set_aside=AmountBody.of(state.reserved),
            spent=AmountBody.of(state.spent), in_doubt_usd=state.in_doubt / PER_USD,
        )  # fmt: skip


class CorrectGiven(ApiInput):
    """What a run has in doubt and was not spent, and why that is known."""

    usd: Annotated[float | None, Field(description="How many dollars; leave it out for all.", gt=0)] = None
    key: Annotated[str | None, Field(description="Only what was set aside for this call.", min_length=1)] = None
    reason: Annotated[str, Field(description="It is recorded.", min_length=1)]


class CorrectedBody(ApiBody):
    """What was given back."""

    run: str
    given_back_usd: float
