"""`schema`: what a value has to look like."""

from collections.abc import Iterable

from typing_extensions import TypeForm

from podium.agents.schema import mismatch
from podium.agents.shape import shape_of
from podium.guards.custom import CustomCheck, check_guard
from podium.model.guard import Checked, GuardFinding, GuardPlace, Objected, Passed
from podium.model.json import Json, is_object

OUTPUT: frozenset[GuardPlace] = frozenset({"output"})
"""Where it looks by default."""


def schema(
    wanted: Json | TypeForm[object], *, on: Iterable[GuardPlace] = OUTPUT, ask: str | None = None, name: str = "schema"
) -> CustomCheck:
    """Return a guard that objects to a value that does not fit: a JSON Schema, or a type."""
    check_guard(name, ask=ask)
    declared = wanted if is_object(wanted) else shape_of(wanted).schema

    def look(checked: Checked) -> GuardFinding:
        wrong = mismatch(checked.value, declared)
        return Passed() if wrong is None else Objected(wrong, ask)

    return CustomCheck(name, on, look)
