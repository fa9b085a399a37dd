"""What tests of workflows, agents and stores need; it may import everything, and nobody imports it.

A clock that is driven, agents that play a script, a model that does (`ScriptedModel`, which needs `podium[llm]`),
processes that die at a chosen point, a witness of what was really executed, and the suites that every store, engine
and agent must pass.
"""

from typing import TYPE_CHECKING

from podium.testing.agents import failing, hanging, scripted, slow
from podium.testing.clock import DrivenClock
from podium.testing.contracts.agent import AgentContract
from podium.testing.contracts.engine import EngineContract
from podium.testing.contracts.memory import MemoryContract
from podium.testing.contracts.store import StoreContract
from podium.testing.faults import FaultPoint, Faults, die_at
from podium.testing.ids import CountingIds
from podium.testing.steps import PlainMemory, PlainSteps
from podium.testing.witness import Witness

if TYPE_CHECKING:
    from podium.testing.model import Failing, Give, ScriptedModel, Use

__all__ = [
    "AgentContract",
    "CountingIds",
    "DrivenClock",
    "EngineContract",
    "Failing",
    "FaultPoint",
    "Faults",
    "Give",
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

_OF_MODEL = frozenset({"Failing", "Give", "ScriptedModel", "Use"})


def __getattr__(name: str) -> object:
    """Load what needs Pydantic AI when it is first asked for."""
    if name not in _OF_MODEL:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from podium.testing import model  # Pydantic AI is an extra, and half a second

    return getattr(model, name)
