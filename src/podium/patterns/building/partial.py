"""What a team has that could not finish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal

from typing_extensions import TypeIs, TypeVar

from podium.agents.shape import TypeShape
from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import BadAnswer, CallError, InvalidValue, TeamError
from podium.patterns.building.inputs import plain

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


def is_partial(value: object) -> TypeIs[Partial[object]]:
    """Whether something is what a team has that could not finish."""
    return isinstance(value, Partial)


class SoFar(Generic[T]):
    """How far a team has come, as its pattern tells it while it works."""

    __slots__ = ("_value", "error", "wanted")

    def __init__(self, *, wanted: bool) -> None:
        self._value: list[T] = []
        self.wanted = wanted
        """Whether it is given where the team cannot finish."""
        self.error: Exception | None = None
        """What keeps the team from finishing, while those who are at work are waited for."""

    @property
    def open(self) -> bool:
        """Whether anything new may still be begun: nothing has failed yet."""
        return self.error is None

    def reached(self, value: T) -> None:
        """Say what there is now: it is what the team gives if it comes no further."""
        self._value = [value]

    def wait(self, error: Exception) -> None:
        """Keep what a member failed with until those who are at work beside it have ended, for what they give is paid.

        Raises it at once where nothing is wanted of them, and where it is a fault of the program.
        """
        if not self.wanted or not isinstance(error, UNFINISHED):
            raise error
        self.error = self.error or error

    def end(self) -> None:
        """Raise what was kept, if anything was."""
        if self.error is not None:
            raise self.error

    def partial(self, error: BaseException, shape: TypeShape[object]) -> "Partial[object] | None":
        """Return what there is, as it is by now, with the error that ended it; None where there is nothing yet."""
        if not self._value or not isinstance(error, UNFINISHED):
            return None
        return Partial(value=shape.load(plain(self._value[0])), why=str(error), error=error.code)


async def gathered(
    ctx: Context, calls: Mapping[str, Primitive[object]], so_far: SoFar[T], kept: Callable[[dict[str, object]], T]
) -> dict[str, object]:
    """Make calls side by side; returns their values by name, and raises the first failure.

    Where what there is is wanted, all end first, and `kept` makes of the values by name what there is then.
    """
    ended = dict(zip(calls, await ctx.gather(*calls.values(), return_exceptions=so_far.wanted), strict=True))
    values = {name: each for name, each in ended.items() if not isinstance(each, Exception)}
    for each in ended.values():
        if isinstance(each, Exception):
            so_far.wait(each)
    if values:
        so_far.reached(kept(values))
    so_far.end()
    return values
