"""What was spent, what may be spent, and what is in doubt."""

from typing import TypeVar

from typing_extensions import Unpack

from podium.api.body import PageBody
from podium.api.costs import BudgetBody, CorrectedBody, CorrectGiven, CostBody
from podium.api.lists import BudgetsGiven, CostsGiven
from podium.client.api_call import ApiCall, keyed, page, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import BudgetsQuery, CostsQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class CostsClient(Resource[W]):
    """`client.costs`."""

    @listed
    def list(self, **filters: Unpack[CostsQuery]) -> ApiCall[PageBody[CostBody]]:
        """Add up what was spent, the dearest first."""
        return page("/costs", PageBody[CostBody], CostsGiven, filters)


class BudgetsClient(Resource[W]):
    """`client.budgets`."""

    @endpoint
    def correct(
        self, run: str, *, reason: str, usd: float | None = None, key: str | None = None,
        idempotency_key: str | None = None,
    ) -> ApiCall[CorrectedBody]:  # fmt: skip
        """Give back what a run has in doubt and did not spend: all of it, or so many dollars, or that of one call."""
        given = CorrectGiven(usd=usd, key=key, reason=reason)
        return keyed(post("/runs/{run}/budget/correct", CorrectedBody, given, run=run), idempotency_key)

    @listed
    def list(self, **filters: Unpack[BudgetsQuery]) -> ApiCall[PageBody[BudgetBody]]:
        """List the budgets by id: their limits, what is set aside, what is spent, and what is in doubt."""
        return page("/budgets", PageBody[BudgetBody], BudgetsGiven, filters)
