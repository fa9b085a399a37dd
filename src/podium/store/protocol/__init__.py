"""What the house asks of a store. Each implementation is a folder of its own; `podium.testing` has the contract.

Imports `store.operations` and `model`.
"""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.store.protocol.found import ChainFault, DeadRun, PrunableRun, RunFact
    from podium.store.protocol.page import Page, Query, walk
    from podium.store.protocol.queries import (
        ActionQuery,
        AgentQuery,
        BudgetQuery,
        ConversationQuery,
        CostQuery,
        DeadQuery,
        DeliveryQuery,
        FactQuery,
        FailureQuery,
        NoticeQuery,
        PrunableQuery,
        QuestionQuery,
        RunQuery,
        SaidQuery,
    )
    from podium.store.protocol.reading import RECENT_FACTS, ReadStore
    from podium.store.protocol.running import Claimed, RunStore, Serving, Woken
    from podium.store.protocol.store import Store
    from podium.store.protocol.upkeep import GivenOver, StoreSize, Upkeep
    from podium.store.protocol.webhooks import WebhookBook
    from podium.store.protocol.workers import (
        BeatReply,
        Drain,
        LostWorker,
        Serves,
        StoredQueue,
        StoredWorker,
        WorkerRegistry,
    )

__all__ = [
    "RECENT_FACTS",
    "ActionQuery",
    "AgentQuery",
    "BeatReply",
    "BudgetQuery",
    "ChainFault",
    "Claimed",
    "ConversationQuery",
    "CostQuery",
    "DeadQuery",
    "DeadRun",
    "DeliveryQuery",
    "Drain",
    "FactQuery",
    "FailureQuery",
    "GivenOver",
    "LostWorker",
    "NoticeQuery",
    "Page",
    "PrunableQuery",
    "PrunableRun",
    "Query",
    "QuestionQuery",
    "ReadStore",
    "RunFact",
    "RunQuery",
    "RunStore",
    "SaidQuery",
    "Serves",
    "Serving",
    "Store",
    "StoreSize",
    "StoredQueue",
    "StoredWorker",
    "Upkeep",
    "WebhookBook",
    "Woken",
    "WorkerRegistry",
    "walk",
]

lazy.exports(
    __name__,
    {
        "podium.store.protocol.found": "ChainFault DeadRun PrunableRun RunFact",
        "podium.store.protocol.page": "Page Query walk",
        "podium.store.protocol.queries": (
            "ActionQuery AgentQuery BudgetQuery ConversationQuery CostQuery DeadQuery DeliveryQuery "
            "FactQuery FailureQuery NoticeQuery PrunableQuery QuestionQuery RunQuery SaidQuery"
        ),
        "podium.store.protocol.reading": "RECENT_FACTS ReadStore",
        "podium.store.protocol.running": "Claimed RunStore Serving Woken",
        "podium.store.protocol.store": "Store",
        "podium.store.protocol.upkeep": "GivenOver StoreSize Upkeep",
        "podium.store.protocol.webhooks": "WebhookBook",
        "podium.store.protocol.workers": "BeatReply Drain LostWorker Serves StoredQueue StoredWorker WorkerRegistry",
    },
)
