"""The envelope of a message from one agent to another."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from podium.model.json import Json


def _json_name(field: str) -> str:
    return field.rstrip("_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an agent tells another one. In JSON `from_` is called `from`, and all others as here."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"alias_generator": _json_name, "populate_by_name": True}
    """How Pydantic is to read it as part of an agent's input or output; here, nothing of it is imported."""

    id: str
    from_: str
    to: str
    type: str
    payload: Json = None
    timestamp: float
    """Seconds since 1970 (UTC)."""
    correlation_id: str
    """The id of the message that opened the exchange to which it belongs: its own, or that which it answers."""
    causation_id: str | None = None
    """The id of the message because of which it was sent."""
    schema_version: str = "1"
    """The version of this envelope."""
    requires_response: bool = False
    """Whether the sender waits for an answer: a message with the same `correlation_id`."""

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON; the payload is in it as it is."""
        return {_json_name(each.name): getattr(self, each.name) for each in fields(self)}
