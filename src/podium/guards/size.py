"""`size`: how large a value may be."""

from collections.abc import Iterable

import orjson

from podium.guards.own import BOTH, Check
from podium.model.guard import Checked, Finding, Objected, Passed, Place


def size(most: int, *, on: Iterable[Place] = BOTH, ask: str | None = None, name: str = "size") -> Check:
    """Return a guard that objects to a value of more than `most` bytes of JSON."""

    def look(checked: Checked) -> Finding:
        found = len(orjson.dumps(checked.value))
        return Passed() if found <= most else Objected(f"it has {found} bytes, {most} are allowed", ask)

    return Check(name, on, look)
