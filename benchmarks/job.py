"""What a child process is asked to measure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Figures = dict[str, float]
Durability = Literal["process", "power"]

PRAGMA_OF: dict[Durability, str] = {"process": "NORMAL", "power": "FULL"}
CHAIN_STEPS = 5


@dataclass(frozen=True)
class Job:
    """One measurement: what a child process is asked to do."""

    system: str
    function: str
    folder: str
    durability: Durability
    runs: int
    steps: int

    @property
    def database(self) -> Path:
        """The database file of this job."""
        return Path(self.folder) / "bench.db"

    @property
    def synchronous(self) -> str:
        """The value of PRAGMA synchronous that this job's durability stands for."""
        return PRAGMA_OF[self.durability]

    def to_json(self) -> str:
        """The job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The job that `to_json` wrote."""
        return cls(**json.loads(text))
