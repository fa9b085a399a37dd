"""What tests of workflows, agents and stores need; it may import everything, and nobody imports it.

A clock that is driven, agents that play a script, a model that does (`ScriptedModel`, which needs `podium[llm]`),
processes that die at a chosen point, a witness of what was really executed, and the suites that every store, engine
and agent must pass.
"""

from typing import TYPE_CHECKING

from podium import lazy
from podium.testing.agents import failing, hanging, scripted, slow
from podium.testing.clock import DrivenClock
from podium.testing.contracts.agent import AgentContract
from podium.testing.contracts.engine import EngineContract
from podium.testing.contracts.fleet import FleetContract
from podium.testing.contracts.memory import MemoryContract
from podium.testing.contracts.store import StoreContract
from podium.testing.embedder import HashedEmbedder
from podium.testing.faults import FaultPoint, Faults, die_at
from podium.testing.ids import CountingIds
from podium.testing.memory import PlainMemory
from podium.testing.steps import PlainSteps
from podium.testing.witness import Witness

if TYPE_CHECKING:
    from podium.testing.chat import ChatReply, ChatServer, ChatUse
    from podium.testing.contracts.framework import FrameworkContract
    from podium.testing.contracts.framework_site import FrameworkSite
    from podium.testing.model import Failing, Give, ScriptedModel, Use

__all__ = [
    "AgentContract",
    "ChatReply",
    "ChatServer",
    "ChatUse",
    "CountingIds",
    "DrivenClock",
    "EngineContract",
    "Failing",
    "FaultPoint",
    "Faults",
    "FleetContract",
    "FrameworkContract",
    "FrameworkSite",
    "Give",
    "HashedEmbedder",
    "MemoryContract",
    "PlainMemory",
    "PlainSteps",
    "ScriptedModel",
    "StoreContract",
    "Use",
    "Witness",
    "die_at",
    "failing",
    "hanging",
    "scripted",
    "slow",
]

lazy.exports(
    __name__,
    {
        "podium.testing.chat": "ChatReply ChatServer ChatUse",
        "podium.testing.contracts.framework": "FrameworkContract",
        "podium.testing.contracts.framework_site": "FrameworkSite",
        "podium.testing.model": "Failing Give ScriptedModel Use",
    },
)
