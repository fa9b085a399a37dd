"""Work described by what it needs, without naming who does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.model.expected import NAME, Expected, are_names, check_fields, is_mapping
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A capability asked for; the router chooses the agent."""

    capability: str
    attributes: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def __post_init__(self) -> None:
        check_fields(self, {"capability": NAME, "attributes": _ATTRIBUTES})


_ATTRIBUTES = Expected("a mapping with names as keys", lambda value: is_mapping(value) and are_names(value))


@dataclass(frozen=True, slots=True)
class Routed:
    """Whom the router chose, and why."""

    name: str
    version: str
    why: str
