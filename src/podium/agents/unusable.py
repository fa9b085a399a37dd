"""Answers that cannot be used: they are kept, for what gave them is not to be done again."""

from typing import TYPE_CHECKING

from podium import lazy
from podium.errors import BadAnswer, InvalidValue
from podium.model.json import Json
from podium.model.outcome import Failed, Failure
from podium.model.retry import FailureKind
from podium.model.steps import Effects

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")


def unusable(name: str, value: Json, error: InvalidValue, effects: Effects) -> Failed:
    """Return the outcome of an agent that returned what its output has no place for, with the answer as it is.

    So it is of what a `once` effect gave, and of what would not come back as it was: another try would give the same.
    Raises BadAnswer for others, which may be asked again, and where the answer has no JSON.
    """
    said = f"{name} returned something else than it declares: {error}"
    answer = _as_it_is(value) if error.lossy or effects == "once" else None
    if answer is None:
        raise BadAnswer(said) from error
    return Failed(Failure(FailureKind.VALIDATION, f"{BadAnswer.__module__}.BadAnswer", said, answer=answer))


def _as_it_is(value: Json) -> bytes | None:
    """Return a value as JSON, with all that its own class would write."""
    try:
        return pydantic_core.to_json(value, by_alias=True, round_trip=True, serialize_as_any=True, bytes_mode="base64")
    except ValueError:  # of Pydantic: it has no JSON
        return None
