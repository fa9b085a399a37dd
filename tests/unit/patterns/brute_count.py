"""What votes decide, counted by brute force, as the rules are told to people."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from podium.patterns.parts.ballot import BallotRules, DecisionRule, exact

Vote = str | None
Plain = str | tuple[str, ...] | None
"""A decision, the options of a tie that is to be asked about, or none."""


def brute(votes: Sequence[Vote], weights: Sequence[Fraction], rules: BallotRules) -> Plain:
    """Return what all votes together decide."""
    cast = [(vote, weight) for vote, weight in zip(votes, weights, strict=True) if vote is not None]
    if not cast or len(cast) < rules.quorum:
        return None
    total = sum(weight for _, weight in cast)
    sums = {option: sum(weight for vote, weight in cast if vote == option) for option, _ in cast}
    ranks: dict[DecisionRule, Mapping[str, bool]] = {
        "majority": {option: each > total / 2 for option, each in sums.items()},
        "plurality": dict.fromkeys(sums, True),
        "unanimous": {option: each == total for option, each in sums.items()},
    }
    share = rules.decide
    able = {o: each >= exact(share) * total for o, each in sums.items()} if isinstance(share, float) else ranks[share]
    best = [option for option, each in sums.items() if able[option] and each == max(sums.values())]
    if share == "majority" and not best:
        best = [option for option, each in sums.items() if each == total / 2]
        best = best if len(best) == 2 else []
    if len(best) > 1 and rules.tie != "first":
        return tuple(sorted(best)) if rules.tie == "ask" else None
    return best[0] if best else None
