"""Where arguments come from, as it is asked of a run before a rule that reads it decides."""

from collections.abc import Mapping

from podium.dispatch.rules.policy.members import Members
from podium.dispatch.rules.policy.request import PolicyRequest
from podium.errors import InvalidValue
from podium.model.json import Json
from podium.model.rule_steps import RuleSteps

_UNKNOWN = "unknown"
"""Under which stands why it cannot be told."""


async def fetch_origins(matter: PolicyRequest, steps: RuleSteps) -> Json:
    """Return where each argument comes from, as JSON."""
    try:
        origins = await steps.origins(matter.input, Members(matter.takes).declared)
    except InvalidValue as error:
        return {_UNKNOWN: str(error)}
    return {"arguments": {name: {**each._asdict(), "sources": sorted(each.sources)} for name, each in origins.items()}}


def told_origins(fetched: Json) -> Mapping[str, Mapping[str, Json]]:
    """Return it by argument; raises InvalidValue where it could not be told: what cannot be judged is denied."""
    if fetched is None:
        raise InvalidValue("only a run knows where its values come from")
    if _UNKNOWN in fetched:
        raise InvalidValue(fetched[_UNKNOWN])
    return fetched["arguments"]
