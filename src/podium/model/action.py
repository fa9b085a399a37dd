"""Who changed what: a line for each change that a user asked for, whatever came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAction:
    """Somebody asked for a change. It is written down before the change is tried."""

    id: str
    at: float
    by: str
    """Who asked for it: the name with which they were signed in."""
    tenant: str
    """That of whoever asked."""
    what: str
    """What was asked for: `retry runs`, `revoke keys`."""
    about: str
    """The id of what it was asked of: a run, a conversation, a key; empty where it was asked of several."""
    said: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """How it was asked for: a reason, a version. Never what a run was given, or gave."""


class ActionBook(Protocol):
    """Where actions are written down. Every store brings one."""

    def enter(self, action: UserAction) -> bool:
        """Write down an action, in the ledger too; False where one of its id is there, which stays as it is.

        It may wait: call it in a thread.
        """
        ...
