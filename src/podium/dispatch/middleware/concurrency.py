"""No agent gets more calls at once than its card allows."""

import asyncio

from podium.dispatch.dispatcher import Handler
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Outcome
from podium.model.steps import Steps


def concurrency(card: Card, handler: Handler) -> Handler:
    """Let further calls of an agent wait in memory, in the order in which they came."""
    if card.concurrency is None:
        return handler
    slots = asyncio.Semaphore(card.concurrency)

    async def queued(call: Call, steps: Steps) -> Outcome:
        async with slots:
            return await handler(call, steps)

    return queued
