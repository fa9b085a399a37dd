"""Who may do what: the rules that are set, and what they would decide."""

from podium.api.policies import ExplainedBody, ExplainGiven, RuleBody
from podium.server.callers import Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("policies")
_SEES: tuple[str, ...] = ("viewer", "operator", "admin")


@router.get("/policies", openapi_extra=rights(*_SEES))
async def list_rules(who: Who) -> list[RuleBody]:
    """Check the file of policies against the agents that the server has, and list its rules."""
    return [RuleBody.model_validate(dict(each)) for each in await who.app.policies.check()]


@router.post("/policies/explain", openapi_extra=rights(*_SEES), responses=responses(404))
async def explain_policy(body: ExplainGiven, who: Who) -> ExplainedBody:
    """Tell what would happen to a call, or to the use of a tool, and why. Nothing is called."""
    return ExplainedBody.of(await who.app.policies.explain(body.supposed(who.principal.who, who.principal.tenant)))
