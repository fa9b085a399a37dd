"""What was spent, what may be spent, and what is in doubt."""

from typing import Annotated

from fastapi import Query

from podium.api.body import PageBody
from podium.api.costs import BudgetBody, CorrectedBody, CorrectGiven, CostBody
from podium.api.lists import BudgetsGiven, CostsGiven
from podium.server.again import IdempotencyKey
from podium.server.callers import OPERATES, READS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("money")


@router.get("/costs", openapi_extra=rights(*READS), responses=responses(404))
async def list_costs(who: Who, given: Annotated[CostsGiven, Query()]) -> PageBody[CostBody]:
    """Add up what was spent, the dearest first."""
    page = await who.app.reports.costs(**given.filters())
    return PageBody(items=[CostBody.of(each) for each in page], cursor=page.cursor)


@router.get("/budgets", openapi_extra=rights(*READS))
async def list_budgets(who: Who, given: Annotated[BudgetsGiven, Query()]) -> PageBody[BudgetBody]:
    """List the budgets by id: their limits, what is set aside, what is spent, and what is in doubt."""
    page = await who.app.reports.budgets(**given.filters())
    return PageBody(items=[BudgetBody.of(each) for each in page], cursor=page.cursor)


@router.post("/runs/{run}/budget/correct", openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def correct_budgets(
    run: str, body: CorrectGiven, who: Who, idempotency_key: IdempotencyKey = None
) -> CorrectedBody:
    """Give back what a run has in doubt and did not spend, in all budgets that count it."""
    given = await who.app.operations.correct_budgets(
        run, usd=body.usd, key=body.key, why=body.reason, once=idempotency_key
    )
    return CorrectedBody(run=run, given_back_usd=given)
