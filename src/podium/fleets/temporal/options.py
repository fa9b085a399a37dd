"""What the fleet takes; it loads nothing of Temporal."""

from dataclasses import dataclass

from podium.model.expected import NAME, check_fields, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalOptions:
    """How Temporal is reached, and under which names runs are placed there: `[podium.fleet]` with `kind = "temporal"`.

    What is not said here is taken from Temporal's own environment (`TEMPORAL_ADDRESS`, `TEMPORAL_API_KEY`, …) and its
    `temporal.toml`.
    """

    address: str | None = None
    """HOST:PORT of the server; else Temporal's own settings, else `localhost:7233`."""
    namespace: str | None = None
    """The namespace; else that of Temporal's own settings, else `default`."""
    profile: str | None = None
    """The profile of `temporal.toml`."""
    name: str = "podium"
    """What task queues and workflow ids begin with: each store that uses the namespace has one of its own."""

    def __post_init__(self) -> None:
        optional = dict.fromkeys(("address", "namespace", "profile"), or_none(NAME))
        check_fields(self, {**optional, "name": NAME})
