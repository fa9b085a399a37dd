"""`ctx.once`: a function that is called as an agent without being one."""

import inspect
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

from podium.agents.shape import TypeShape, shape_of
from podium.agents.unusable import unusable
from podium.errors import InvalidValue, NotDone
from podium.model.agent import Card
from podium.model.agent_kind import INLINE
from podium.model.call import Call
from podium.model.outcome import Done, Failed, Failure, Outcome, text_of
from podium.model.retry import FailureKind
from podium.model.steps import Effects, Steps, check_step

T = TypeVar("T")

OnceFunction = Callable[[], Awaitable[T] | T]
"""A function of no arguments, sync or async."""


@lru_cache(1024)
def _card(name: str, effects: Effects) -> Card:
    return Card(name=name, effects=effects, kind=INLINE)


class OnceAgent(Generic[T]):
    """An agent that exists for one call."""

    def __init__(
        self, name: str, function: OnceFunction[T], effects: Effects,
        verify: Callable[[], Awaitable[T | None]] | None, output: TypeShape[T],
    ) -> None:  # fmt: skip
        check_step(name, function, effects, verify)
        self.card = _card(name, effects)
        self.input = shape_of(type(None))
        self.output = output
        self._function = function
        self._verify = verify

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Call the function."""
        value: Any = self._function()
        value = await value if inspect.isawaitable(value) else value
        try:
            return Done(self.output.dump(value))
        except InvalidValue as error:
            return unusable(self.card.name, value, error, self.card.effects)

    async def verify(self, call: Call) -> Outcome | None:
        """Ask `verify`: its value if it happened; NotDone, raised, if it did not; None if it cannot tell."""
        if self._verify is None:
            return None
        try:
            value = await self._verify()
        except NotDone as error:
            return Failed(Failure(FailureKind.TRANSPORT, "NotDone", text_of(error), not_done=True))
        return None if value is None else Done(self.output.dump(value))
