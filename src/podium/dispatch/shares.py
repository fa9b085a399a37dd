"""How long an answer may be of which nobody says so: as long as leaves room for others in all that bounds it."""

from collections.abc import Mapping

from podium.model.budget import SIDE_BY_SIDE, USUAL_OUTPUT, BudgetLimits
from podium.model.step import StepCall


def take_share(step: StepCall, limits: Mapping[str, BudgetLimits]) -> None:
    """Bound a request anew by its share of these limits, which are named: the tightest counts."""
    fit = None if step.bound is None else step.bound.fit
    shares = {name: share for name, each in limits.items() if (share := each.shared_by(SIDE_BY_SIDE))}
    if fit is None or not shares:
        return
    bounds = {name: fit(share, USUAL_OUTPUT, name) for name, share in shares.items()}
    tightest = min(bounds, key=lambda name: 0 if (bound := bounds[name]) is None else bound.output_tokens)
    step.bound = fit(shares[tightest], USUAL_OUTPUT, tightest)
