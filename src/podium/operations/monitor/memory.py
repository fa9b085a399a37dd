"""What the monitor that leads has to know, and whoever leads after it."""

from dataclasses import dataclass, field
from typing import Self

from podium.model.json import Json


@dataclass(slots=True)
class MonitorMemory:
    """What the one that leads has to know, and whoever leads after it."""

    known: dict[str, str] = field(default_factory=dict[str, str])
    """The last incident of what is in trouble, by the name of the trouble: it gets no other before that has passed."""
    counted_from: dict[str, float] = field(default_factory=dict[str, float])
    """Of each workflow, since when failed runs count that no incident was about yet."""

    @classmethod
    def read(cls, said: list[Json], /) -> Self:
        """Return what was kept."""
        return cls(*map(dict, said))

    def written(self) -> list[Json]:
        """Return what is to be kept."""
        return [self.known, self.counted_from]
