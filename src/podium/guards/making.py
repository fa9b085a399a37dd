"""Makes the guards that the settings describe."""

from collections.abc import Callable
from typing import TypeVar

from podium.errors import UsageError
from podium.guards.custom import BOTH, CustomCheck
from podium.guards.patterns import patterns
from podium.guards.pii import ALL, pii
from podium.guards.schema import OUTPUT, schema
from podium.guards.screen import screen_by
from podium.guards.size import size
from podium.model.agent import AnyAgent
from podium.model.guard import GuardSettings

T = TypeVar("T")


def make_guard(name: str, said: GuardSettings, agent: Callable[[str], AnyAgent]) -> CustomCheck:
    """Return a guard; raises UsageError for what it lacks, or cannot use."""
    on = BOTH if said.on is None else said.on
    match said.kind:
        case "pii":
            return pii(
                kinds=ALL if said.kinds is None else said.kinds, repair=said.repair is not False,
                restore=said.restore, on=on, ask=said.ask, name=name,
            )  # fmt: skip
        case "patterns":
            repair = said.repair is True
            return patterns(deny=said.deny, allow=said.allow, repair=repair, on=on, ask=said.ask, name=name)
        case "size":
            return size(_given(said.most, "most"), on=on, ask=said.ask, name=name)
        case "schema":
            return schema(
                _given(said.schema, "schema"), on=OUTPUT if said.on is None else said.on, ask=said.ask, name=name
            )
        case "screen":
            return screen_by(agent(_given(said.agent, "agent")), on=on, ask=said.ask, name=name)


def _given(value: T | None, key: str) -> T:
    if value is None:
        raise UsageError(f"it needs `{key}`")
    return value
