"""The public members of what an app hands out."""

from inspect import isasyncgenfunction, iscoroutinefunction

from podium import App, RunHandle
from podium.facade.agents import RegisteredAgents
from podium.facade.conversations import Conversations
from podium.facade.delegations import GrantedDelegations
from podium.facade.events import Events
from podium.facade.inbox import Inbox
from podium.facade.keys import ServerKeys
from podium.facade.operations import Operations
from podium.facade.policies import Policies
from podium.facade.process_reports import ProcessReports
from podium.facade.runs import Runs
from podium.facade.webhooks import Webhooks

PARTS = (
    App, Conversations, Events, GrantedDelegations, Inbox, Operations, Policies, ProcessReports, RegisteredAgents,
    RunHandle, Runs, ServerKeys, Webhooks,
)  # fmt: skip


def asynchronous(part: type) -> set[str]:
    """Return the names of the public async methods of a class."""
    found = {name: getattr(part, name) for name in dir(part) if not name.startswith("_")}
    return {name for name, member in found.items() if iscoroutinefunction(member) or isasyncgenfunction(member)}


ALL = frozenset(f"{part.__name__}.{name}" for part in PARTS for name in asynchronous(part))
"""All of them, as `Runs.list`."""
