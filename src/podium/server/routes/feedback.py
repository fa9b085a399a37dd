"""Feedback: what people and programs think of runs."""

from podium.api.ratings import RatingBody, RatingGiven
from podium.server.again import IdempotencyKey
from podium.server.callers import READS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("feedback")
_RATES: tuple[str, ...] = ("anyone", "approver", "operator", "admin")


@router.post("/runs/{run}/feedback", status_code=201, openapi_extra=rights(*_RATES), responses=responses(404, 409))
async def rate_run(run: str, body: RatingGiven, who: Who, idempotency_key: IdempotencyKey = None) -> RatingBody:
    """Say what you think of a run, or of one of its calls. It is written down with who said it, in the ledger too."""
    handle = await who.app.handle(run)
    return RatingBody.of(await handle.rate(body.score, comment=body.comment, key=body.key, once=idempotency_key))


@router.get("/runs/{run}/feedback", openapi_extra=rights(*READS), responses=responses(404))
async def list_feedback(run: str, who: Who) -> list[RatingBody]:
    """List what was thought of a run, newest first."""
    return [RatingBody.of(each) for each in await (await who.app.handle(run)).ratings()]
