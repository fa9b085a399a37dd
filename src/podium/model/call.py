"""One request of a run to an agent."""

from dataclasses import dataclass

from podium.model.json import Json


@dataclass(slots=True, kw_only=True)
class Call:
    """What the dispatcher and the agent are handed. Not changed after it is made."""

    run: str
    key: str
    """Where in the run the call stands: a path of counters such as `2.0.3`."""
    agent: str
    version: str
    input: Json
    attempt: int = 1
    lineage: int = 1
    """Attempts of one lineage share their recorded steps."""
    timeout: float | None = None
    """Seconds that this attempt may take."""
    tenant: str = "default"
    principal: str = "local"

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt; another one in a fork."""
        return f"{self.run}:{self.key}"
