"""`guard`: makes a guard of a function."""

import inspect
from collections.abc import Awaitable, Callable, Iterable

from podium.errors import UsageError
from podium.model.guard import Checked, Finding, Objected, Passed, Place, Repaired
from podium.model.json import Json

BOTH: frozenset[Place] = frozenset({"input", "output"})
"""Where a guard looks unless it is told."""
PLACES: frozenset[Place] = frozenset({"input", "output", "tool_input", "tool_output", "model_input"})

Look = Callable[[Checked], Finding | Awaitable[Finding]]
"""Looks at a value, and what is around it."""

Said = str | Finding | None
"""What a function says of a value: None passes, a text is what it objects to."""


class Check:
    """A guard: its name, where it looks, and the function that does."""

    __slots__ = ("_look", "name", "on")

    def __init__(self, name: str, on: Iterable[Place], look: Look) -> None:
        self.name = name
        self.on = frozenset(on)
        self._look = look
        if not self.on or self.on - PLACES:
            raise UsageError(f"the guard {name} looks at {sorted(self.on)}: expected some of {sorted(PLACES)}")

    def __repr__(self) -> str:
        return f"<guard {self.name}>"

    def check(self, checked: Checked) -> Finding | Awaitable[Finding]:
        """Look at a value."""
        return self._look(checked)


def guard(
    function: Callable[[Json], Said | Awaitable[Said]], /, *, name: str | None = None, on: Iterable[Place] = BOTH,
    ask: str | None = None,
) -> Check:  # fmt: skip
    """Return a guard that hands each value to a function: it returns what it objects to, or None.

    It may return `Repaired(value, reason)` too. With `ask`, a person of that role may let pass what it objects to.
    """

    def found(said: Said) -> Finding:
        match said:
            case None:
                return Passed()
            case str():
                return Objected(said, ask)
            case Passed() | Repaired() | Objected():
                return said

    async def later(said: Awaitable[Said]) -> Finding:
        return found(await said)

    def look(checked: Checked) -> Finding | Awaitable[Finding]:
        said = function(checked.value)
        return later(said) if inspect.isawaitable(said) else found(said)

    return Check(name or getattr(function, "__name__", "guard"), on, look)
