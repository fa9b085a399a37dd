"""Whether the store is as it was written, and who did what."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from podium.api.audit import AuditLineBody, AuditReportBody, seconds_or_none
from podium.api.body import GivenMoment
from podium.api.stores import AuditBody
from podium.server.callers import ADMINISTERS, READS, Who, rights, through_the_store
from podium.server.problems import responses
from podium.server.routing import Routes
from podium.server.streaming import as_json, streamed

router = Routes("audit")
_LINES = {
    200: {
        "description": "A line of JSON for each fact.",
        "content": {
            "application/jsonl": {"schema": {"type": "string"}, "itemSchema": AuditLineBody.model_json_schema()}
        },
    }
}
_Run = Annotated[str | None, Query(description="Of this run.", min_length=1)]
_For = Annotated[str | None, Query(description="What was done for this tenant.", min_length=1)]
_Since = Annotated[GivenMoment | None, Query(description="Not what is older.")]


@router.get(
    "/audit/report", openapi_extra=rights(*READS), responses=responses(404), dependencies=[Depends(through_the_store)]
)
async def report_audit(who: Who, run: _Run = None, tenant: _For = None, since: _Since = None) -> AuditReportBody:
    """Tell who did what for whom, why it was allowed, what people decided, and at what price.

    Of a run with all that it started, or of a tenant: name one of them.
    """
    return AuditReportBody.of(await who.app.reports.audit(run=run, tenant=tenant, since=seconds_or_none(since)))


@router.get(
    "/audit/export", openapi_extra=rights(*READS), response_class=StreamingResponse,
    responses={**_LINES, **responses(404)}, dependencies=[Depends(through_the_store)],
)  # fmt: skip
async def export_audit(
    who: Who, run: _Run = None, tenant: _For = None, since: _Since = None,
    payloads: Annotated[bool, Query(description="With inputs and values, not only digests.")] = False,  # noqa: FBT002 - a parameter of the query,
) -> StreamingResponse:  # fmt: skip
    """Give who called whom, with what, under which rule, at what price and decided by whom, as JSON Lines."""
    found = who.app.reports.export(run=run, tenant=tenant, since=seconds_or_none(since), payloads=payloads)
    return await streamed(as_json(found), "application/jsonl")


@router.post(
    "/audit/verify", openapi_extra=rights(*ADMINISTERS), responses=responses(409),
    dependencies=[Depends(through_the_store)],
)  # fmt: skip
async def verify_store(who: Who) -> AuditBody:
    """Check all chains, the ledger and its seals, as they are at one moment; it takes long where much is stored."""
    return AuditBody.of(await who.app.reports.verify_store())
