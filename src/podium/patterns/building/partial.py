"""What a team has that could not finish."""

from dataclasses import dataclass
from typing import Generic, Literal

from typing_extensions import TypeVar

from podium.errors import BadAnswer, CallError, InvalidValue, TeamError

T = TypeVar("T", default=object)

OnFailure = Literal["raise", "partial"]

UNFINISHED = (BadAnswer, CallError, InvalidValue, TeamError)
"""What keeps a team from finishing, where that is no fault of its program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Generic[T]):
    """What a team has that could not finish, with `on_failure="partial"`: `value` says how far it came."""

    value: T
    why: str
    """What kept it from finishing."""
    error: str
    """The code of that error, such as `bound-reached`, `call-failed` or `call-refused`."""


class SoFar(Generic[T]):
    """How far a team has come, as its pattern tells it while it works."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: list[T] = []

    def reached(self, value: T) -> None:
        """Say what there is now: it is what the team gives if it comes no further."""
        self._value = [value]

    def partial(self, error: BaseException) -> "Partial[T] | None":
        """Return what there is with the error that ended it; None where there is nothing yet."""
        if not self._value or not isinstance(error, UNFINISHED):
            return None
        return Partial(value=self._value[0], why=str(error), error=error.code)
