"""What interrupts code in a step reaches the engine, also where that code catches it."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from podium.engine.calls.step_effects import inside
from podium.errors import Interrupt

P = ParamSpec("P")
T = TypeVar("T")


class Interruptions:
    """Has no step end with a value, or an error, whose inside has to wait, or may not go on.

    Code may catch an interrupt without meaning to: `asyncio.gather(..., return_exceptions=True)` hands it back as a
    value. What was asked about inside would be withdrawn then, and what people say to it have no effect.
    """

    __slots__ = ("_inside",)

    def __init__(self) -> None:
        self._inside: dict[str, Interrupt] = {}
        """The first one that was raised in each step that is under way, by the path of that step."""

    def note(self, path: str, interrupt: Interrupt) -> None:
        """Take note that code in a step is interrupted."""
        if path:
            self._inside.setdefault(path, interrupt)

    def raising(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return what does the work of a step, and raises at its end what interrupted it."""

        async def work(*args: P.args, **kwargs: P.kwargs) -> T:
            path = inside.get()
            self._inside.pop(path, None)
            try:
                value = await function(*args, **kwargs)
            except Exception as error:
                if (interrupt := self._inside.pop(path, None)) is not None:
                    raise interrupt from error
                raise
            if (interrupt := self._inside.pop(path, None)) is not None:
                raise interrupt
            return value

        return work
