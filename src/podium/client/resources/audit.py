"""The audit: who did what and why it was allowed, who asked for which change, and whether all is as it was written."""

from datetime import datetime
from typing import TypeVar

from typing_extensions import Unpack

from podium.api.access import ActionBody
from podium.api.audit import AuditLineBody, AuditReportBody
from podium.api.body import PageBody
from podium.api.lists import ActionsGiven
from podium.api.stores import AuditBody
from podium.client.api_call import ApiCall, get, page, post, through_the_store
from podium.client.endpoint import Resource, endpoint, listed, streamed
from podium.client.lines import LineCall, lines_of
from podium.client.resources.filters import ActionsQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class AuditClient(Resource[W]):
    """`client.audit`."""

    @endpoint
    def report(
        self, *, run: str | None = None, tenant: str | None = None, since: datetime | None = None
    ) -> ApiCall[AuditReportBody]:
        """Tell who did what for whom, why it was allowed, what people decided, and at what price.

        Of a run with all that it started, or of a tenant: name one of them.
        """
        return through_the_store(get("/audit/report", AuditReportBody, _of(run, tenant, since)))

    @endpoint
    def verify(self) -> ApiCall[AuditBody]:
        """Check all chains, the ledger and its seals; `faults` are what does not hold. A large store takes long."""
        return through_the_store(post("/audit/verify", AuditBody))

    @streamed
    def export(
        self,
        *,
        run: str | None = None,
        tenant: str | None = None,
        since: datetime | None = None,
        payloads: bool = False,
    ) -> LineCall[AuditLineBody]:
        """Give who called whom, with what, under which rule, at what price and decided by whom, as it is read.

        Of a run, of a tenant, or of all that you may see; with `payloads` what was given and said, not only digests.
        """
        asked = get("/audit/export", AuditLineBody, {**_of(run, tenant, since), "payloads": payloads})
        return lines_of(through_the_store(asked), "application/jsonl")

    @listed
    def actions(self, **filters: Unpack[ActionsQuery]) -> ApiCall[PageBody[ActionBody]]:
        """List who asked for which change, newest first. Starts and answers stand with runs and questions."""
        return page("/actions", PageBody[ActionBody], ActionsGiven, filters)


def _of(run: str | None, tenant: str | None, since: datetime | None) -> dict[str, str | None]:
    return {"run": run, "tenant": tenant, "since": None if since is None else since.isoformat()}
