"""Values that come from outside: what people answer, and the bodies of signals."""

from collections.abc import Sequence
from typing import Any, TypeVar

from podium.engine.run.branch_task import BranchTask
from podium.engine.run.recorded import Recorded, restored
from podium.errors import InvalidValue
from podium.model.agent import Shape
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredExpired, AnsweredFailed
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.store.codec import decode, encode
from podium.store.operations import Effect

T = TypeVar("T")


async def take_in(
    primitive: Recorded[Any], branch: BranchTask, shape: Shape[T], plain: Json, said: AnsweredDone,
    effects: Sequence[Effect] = (),
) -> T:  # fmt: skip
    """Record what came as its type writes it, and return it as a value.

    Raises InvalidValue where it is not of the type; that is recorded too, so that every replay raises it.
    """
    try:
        value = shape.load(plain)
        written = shape.dump(value)
    except InvalidValue as error:
        failed = AnsweredFailed(kind=FailureKind.VALIDATION, type=type(error).__name__, message=str(error))
        await primitive.end_with(branch, failed, encode(plain), effects)
        raise
    await primitive.end_with(branch, said, encode(written), effects)
    return value


def handed_back(key: str, shape: Shape[T], end: Fact) -> list[T]:
    """Return what is recorded, if anything came in time; raises InvalidValue as it did then."""
    match end.content:
        case AnsweredExpired():
            return []
        case AnsweredFailed(message=message):
            raise InvalidValue(message)
        case _:
            return [restored(key, shape, decode(end.payload))]
