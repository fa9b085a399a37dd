"""What the tests tell a process that is to be forked."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a process begins."""

    command: tuple[str, ...]
    """`podium …`, or `python …` with a script, `-c` or `-m`."""
    cwd: str
    env: dict[str, str]
    new_session: bool = False
    loaded: tuple[str, ...] = ()
    """What it finds imported besides: modules, or a file as the module `program`."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        given = json.loads(text)
        return cls(
            command=tuple(given["command"]), cwd=given["cwd"], env=given["env"], new_session=given["new_session"],
            loaded=tuple(given["loaded"]),
        )  # fmt: skip

    def to_json(self) -> str:
        return json.dumps(asdict(self))
