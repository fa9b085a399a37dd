"""Cedar's engine: what policies say to requests."""

from collections.abc import Callable, Mapping
from typing import Literal

import cedarpy
from cedarpy import pst

from podium.model.json import Json

Evaluate = Callable[[list[Json], cedarpy.PolicySet, cedarpy.Entities], list[cedarpy.AuthzResult]]

evaluate: Evaluate = vars(cedarpy)["is_authorized_batch"]  # its own types leave the dicts open


def policy_set(rules: Mapping[str, pst.Template], *, effect: Literal["permit"] | None = None) -> cedarpy.PolicySet:
    """Return policies as Cedar evaluates them; all as permits where the effect is given, so that it tells of each."""
    found = {
        key: pst.Template(
            id=key, effect=effect or each.effect, principal=each.principal, action=each.action, resource=each.resource,
            clauses=each.clauses, annotations=each.annotations,
        )
        for key, each in rules.items()
    }  # fmt: skip
    return cedarpy.PolicySet.from_pst(pst.PolicySet(templates={}, static_policies=found, template_links=()))
