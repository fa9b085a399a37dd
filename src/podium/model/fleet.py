"""Which fleet is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from podium.model.expected import TEXT, Expected, check_fields
from podium.model.json import Json

STORE = "store"
"""The fleet that needs nothing but the store."""
IDLE = "none"
"""The fleet of a process that drives no runs: others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """Who decides when a run that is ready is driven, and by which process: `[podium.fleet]`."""

    kind: str = STORE
    """The name of the fleet: `store`, `none` to drive nothing here, or one that is registered."""
    options: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """What else it is to know; each fleet says what it takes."""

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)


_FIELDS: Mapping[str, Expected] = {
    "kind": TEXT, "options": Expected("options by name, such as {}", lambda value: isinstance(value, Mapping))
}  # fmt: skip


def fleet_settings(value: object) -> FleetSettings:
    """Return what a text or a table of settings says; raises TypeError where it is neither, or names no kind."""
    if isinstance(value, FleetSettings):
        return value
    if isinstance(value, str) and value:
        return FleetSettings(kind=value)
    if not isinstance(value, Mapping):
        raise TypeError
    options = dict(cast("Mapping[str, Json]", value))
    kind = options.pop("kind", None)
    if not isinstance(kind, str) or not kind:
        raise TypeError
    return FleetSettings(kind=kind, options=options)
