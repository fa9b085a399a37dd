"""`memory`: the store's shared memory as an agent, so that what is remembered is recorded and governed like a call."""

from podium.agents.memory.agent import MemoryAgent, memory
from podium.agents.memory.requests import (
    Conflict,
    Delete,
    Forgotten,
    Get,
    Hits,
    KeyList,
    Keys,
    MemoryReply,
    Put,
    Remembered,
    Request,
    Search,
)
from podium.model.memory import MemoryScope

__all__ = [
    "Conflict",
    "Delete",
    "Forgotten",
    "Get",
    "Hits",
    "KeyList",
    "Keys",
    "MemoryAgent",
    "MemoryReply",
    "MemoryScope",
    "Put",
    "Remembered",
    "Request",
    "Search",
    "memory",
]
