"""Runs that somebody outside starts with the token of a delegation: that is all that such a token is for."""

from fastapi import Request

from podium.api.access import DelegatedStart
from podium.api.runs import RunBody
from podium.errors import NotSignedIn
from podium.model.principal import Principal
from podium.server.access.rights import permit
from podium.server.access.sign_in import token_of
from podium.server.callers import access_of, app_of, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("delegations")


@router.post("/delegated-runs", status_code=201, openapi_extra=rights("delegate"), responses=responses(404, 409))
async def start_delegated_run(body: DelegatedStart, request: Request) -> RunBody:
    """Start a run with the token of a delegation, on behalf of who granted it; the token is the bearer."""
    token = token_of(request)
    if token is None:
        raise NotSignedIn("send the header `Authorization: Bearer TOKEN`, with what `podium delegate grant` printed.")
    with access_of(request).refusing(request):
        app = app_of(request)
        said = app.delegated(token, body.workflow, body.input).delegation
        permit(request, app.scoped(Principal(who=said.by, tenant=said.tenant)))
        handle = await app.redeem(token, body.workflow, body.input)
    return RunBody.of(await handle.status())
