"""`size`: how large a value may be."""

from collections.abc import Iterable

import orjson

from podium.guards.custom import BOTH, CustomCheck, check_guard
from podium.model.guard import Checked, GuardFinding, GuardPlace, Objected, Passed


def size(most: int, *, on: Iterable[GuardPlace] = BOTH, ask: str | None = None, name: str = "size") -> CustomCheck:
    """Return a guard that objects to a value of more than `most` bytes of JSON."""
    check_guard(name, most=most, ask=ask)

    def look(checked: Checked) -> GuardFinding:
        found = len(orjson.dumps(checked.value))
        return Passed() if found <= most else Objected(f"it has {found} bytes, {most} are allowed", ask)

    return CustomCheck(name, on, look)
