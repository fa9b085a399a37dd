"""Which limits hold for the calls of an agent, a model or a tenant, and for their tokens: computed here alone."""

import math

from podium.model.agent import Card
from podium.model.limit import Limit


def on_calls_of(card: Card) -> dict[str, Limit]:
    """Return the limits on calls of an agent, by the name of their gate.

    Concurrency can be bounded twice on a card: calls over `concurrency` wait in memory however long it takes, those
    over the `limit` only for its `max_wait`. Both hold.
    """
    side_by_side = None if card.concurrency is None else Limit(concurrency=card.concurrency, max_wait=math.inf)
    found = {f"calls of agent:{card.name}": side_by_side, f"agent:{card.name}": on_calls(card.limit)}
    return {name: limit for name, limit in found.items() if limit is not None}


def on_calls(limit: Limit | None) -> Limit | None:
    """Return the part of a limit that bounds calls."""
    if limit is None or (limit.concurrency is None and limit.requests is None):
        return None
    return Limit(
        concurrency=limit.concurrency, requests=limit.requests, per=limit.per, when=limit.when, max_wait=limit.max_wait
    )


def on_tokens(limit: Limit | None) -> Limit | None:
    """Return the part of a limit that bounds tokens."""
    if limit is None or limit.tokens is None:
        return None
    return Limit(tokens=limit.tokens, per=limit.per, when=limit.when, max_wait=limit.max_wait)
