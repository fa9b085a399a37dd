"""`guard`: makes a guard of a function."""

import inspect
from collections.abc import Awaitable, Callable, Iterable

from podium.errors import BadAnswer, UsageError
from podium.model.agent import AnyAgent
from podium.model.expected import FUNCTION, check_options
from podium.model.guard import GUARD_OPTIONS, Checked, GuardFinding, GuardPlace, Objected, Passed, Repaired
from podium.model.json import Json

BOTH: frozenset[GuardPlace] = frozenset({"input", "output"})
"""Where a guard looks by default."""
PLACES: frozenset[GuardPlace] = frozenset({"input", "output", "tool_input", "tool_output", "model_input"})

Look = Callable[[Checked], GuardFinding | Awaitable[GuardFinding]]
"""Looks at a value, and what is around it."""

CheckAnswer = str | GuardFinding | None
"""What a function says of a value: None passes, a text is what it objects to."""


def check_guard(name: object, **options: object) -> None:
    """Raise UsageError for an option that is not what it is to be."""
    check_options(f"guard {name}", {"name": name, **options}, GUARD_OPTIONS)


class CustomCheck:
    """A guard: its name, where it looks, and the function that does."""

    __slots__ = ("_look", "judge", "name", "on")

    def __init__(self, name: str, on: Iterable[GuardPlace], look: Look, *, judge: AnyAgent | None = None) -> None:
        check_guard(name, on=on)
        self.name = name
        self.on = frozenset(on)
        self.judge = judge
        """The agent that the function asks, if it asks one."""
        self._look = look
        if not self.on or self.on - PLACES:
            raise UsageError(f"the guard {name} looks at {sorted(self.on)}: expected some of {sorted(PLACES)}")

    def __repr__(self) -> str:
        return f"<guard {self.name}>"

    def check(self, checked: Checked) -> GuardFinding | Awaitable[GuardFinding]:
        """Look at a value."""
        return self._look(checked)


def guard(
    function: Callable[[Json], CheckAnswer | Awaitable[CheckAnswer]], /, *, name: str | None = None,
    on: Iterable[GuardPlace] = BOTH, ask: str | None = None,
) -> CustomCheck:  # fmt: skip
    """Return a guard that hands each value to a function: it returns what it objects to, or None.

    It may return `Repaired(value, reason)` too. With `ask`, a person of that role may let pass what it objects to.
    """
    FUNCTION.check("what @guard makes a guard of", function)
    called = name or getattr(function, "__name__", "guard")

    def found(said: object) -> GuardFinding:
        match said:
            case None:
                return Passed()
            case str():
                return Objected(said, ask)
            case Passed() | Repaired() | Objected():
                return said
            case _:
                raise BadAnswer(
                    f"the guard {called} gave {said!r:.100}: it has to return None, which lets pass, the text of what "
                    "it objects to, or Repaired(value, reason)"
                )

    async def later(said: Awaitable[CheckAnswer]) -> GuardFinding:
        return found(await said)

    def look(checked: Checked) -> GuardFinding | Awaitable[GuardFinding]:
        said = function(checked.value)
        return later(said) if inspect.isawaitable(said) else found(said)

    check_guard(called, ask=ask)
    return CustomCheck(called, on, look)
