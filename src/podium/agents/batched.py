"""`@batched`: makes an agent of a function that takes a list, for callers that each have one item."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar, Unpack, get_args, get_origin

from podium.agents.agent_tool import UsableAsTool
from podium.agents.card import CardOptions
from podium.agents.function import FunctionAgent, agent
from podium.agents.shape import TypeShape, shape_of
from podium.agents.signature import signature_of
from podium.errors import BadAnswer, UsageError
from podium.model.agent import Card
from podium.model.batch import Batch, BatchInput
from podium.model.call import Call
from podium.model.duration import Duration
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps

In = TypeVar("In")
Out = TypeVar("Out")


class BatchedAgent(UsableAsTool, Generic[In, Out]):
    """An agent that is called with one item, and a function that is called with a list of them."""

    def __init__(self, whole: FunctionAgent[list[In], list[Out]], batch: Batch) -> None:
        self._whole = whole
        self._batch = batch
        name = whole.card.name
        self.input: TypeShape[In] = shape_of(_item(whole.input.type, f"the input of {name}"))
        self.output: TypeShape[Out] = shape_of(_item(whole.output.type, f"the output of {name}"))
        self.card: Card = replace(
            whole.card, batch=batch, input_schema=self.input.schema, output_schema=self.output.schema
        )

    def __repr__(self) -> str:
        return f"<agent {self.card.name}>"

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Call the function with the items of several calls, or with that of one; raises BadAnswer for too few."""
        together = isinstance(call.input, BatchInput)
        items = list(call.input) if together else [call.input]
        outcome = await self._whole.run(replace(call, input=items), steps)
        if not isinstance(outcome, Done):
            return outcome
        if len(outcome.value) != len(items):
            raise BadAnswer(f"{self.card.name} was given {len(items)} items and gave {len(outcome.value)} back")
        return outcome if together else Done(outcome.value[0], outcome.usage)

    async def verify(self, call: Call) -> Outcome | None:
        """Return None: it cannot tell."""
        return None


def batched(
    *, most: int = 32, within: Duration = 0.01, name: str | None = None, **options: Unpack[CardOptions]
) -> Callable[[Callable[[list[In]], Awaitable[list[Out]] | list[Out]]], BatchedAgent[In, Out]]:
    """Make an agent of a function from a list to a list of the same length: `@batched(most=100)`.

    Each caller has one item; up to `most` calls that come within `within` seconds of the first are one call of the
    function. Raises UsageError for a function of something else, for `once` effects, and for one that takes `Steps` or
    `Call`: who comes together is another matter after a crash, so nothing can be recorded of a batch.
    """
    if options.get("effects") == "once":
        raise UsageError(
            "an agent with `once` effects cannot be batched: nobody could tell what happened to which item"
        )

    def decorate(function: Callable[[list[In]], Awaitable[list[Out]] | list[Out]]) -> BatchedAgent[In, Out]:
        whole: Any = agent(name=name, **options)(function)
        signature = signature_of(function)
        if signature.steps or signature.call:
            raise UsageError(f"{whole} takes Steps or a Call, but is asked for several calls at once: leave it out")
        return BatchedAgent(whole, Batch(most=most, within=within))

    return decorate


def _item(kind: object, what: str) -> Json:
    """Return the type of the items of a list type; raises UsageError for any other type."""
    if get_origin(kind) is not list or len(get_args(kind)) != 1:
        raise UsageError(f"{what} is {kind!r}: a batched function takes a list of items and gives a list, list[…]")
    return get_args(kind)[0]
