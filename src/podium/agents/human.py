"""`human`: a person who can be called like any other agent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import GenericAlias
from typing import Any, TypeVar, Unpack, overload

from typing_extensions import TypeForm

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.shape import TypeShape, shape_of
from podium.agents.signature import Function, Signature, signature_of
from podium.errors import UsageError
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.duration import FINITE, PAUSE, Duration
from podium.model.expected import COUNT, NAME, Expected, check_options, or_none
from podium.model.json import Json
from podium.model.outcome import Outcome, Pending
from podium.model.question import Ask
from podium.model.steps import Steps

In = TypeVar("In")
Out = TypeVar("Out")


class HumanAgent(CardedAgent[In, Out]):
    """A person or a role: a call puts a question in the inbox and waits, durably, for the answer. Made by `human`."""

    def __init__(
        self,
        card: Card,
        input: TypeShape[In],
        output: TypeShape[Out],
        *,
        ask: Ask,
        wording: tuple[Function, Signature] | None,
    ) -> None:
        super().__init__(card, input, output)
        self._ask = ask
        self._wording = wording

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Ask; the input is the subject that the person is shown."""
        ask = replace(self._ask, subject=call.input)
        if self._wording is not None:
            text, signature = self._wording
            ask = replace(ask, text=text(**signature.arguments(self.input.reload(call.input), call, steps)))
        if call.feedback:
            ask = replace(ask, text=f"{ask.text}\n\nThe last answer was not accepted: {call.feedback}")
        return Pending(ask)


_PERSON: Mapping[str, Expected] = {
    "to": NAME, "within": or_none(PAUSE), "remind": or_none(FINITE), "quorum": COUNT, "kind": NAME,
    "name": or_none(NAME),
    "text": Expected("a text, or a function that words it", lambda value: isinstance(value, str) or callable(value)),
}  # fmt: skip


@overload
def human(
    to: str,
    *,
    text: Callable[[In], str],
    answer: TypeForm[Out],
    within: Duration | None = None,
    remind: Duration | None = None,
    quorum: int = 1,
    kind: str = "question",
    name: str | None = None,
    **options: Unpack[CardOptions],
) -> HumanAgent[In, Out]: ...
@overload
def human(
    to: str,
    *,
    text: str | Callable[..., str],
    answer: TypeForm[Out],
    within: Duration | None = None,
    remind: Duration | None = None,
    quorum: int = 1,
    kind: str = "question",
    name: str | None = None,
    **options: Unpack[CardOptions],
) -> HumanAgent[Json, Out]: ...
def human(
    to: str,
    *,
    text: str | Callable[..., str],
    answer: TypeForm[Out],
    within: Duration | None = None,
    remind: Duration | None = None,
    quorum: int = 1,
    kind: str = "question",
    name: str | None = None,
    **options: Unpack[CardOptions],
) -> HumanAgent[Json, Out]:
    """Return an agent that asks `to`, a person or a role, and gives their answer.

    `text` is the question, or a function that words it from the input; `answer` is the type of the answer, `within`
    the seconds until the question expires (None: never), `remind` those until people are told again of it, each time
    after twice as long, `quorum` how many different people must answer; above 1 the value of a call is the list of
    their answers, in the order in which they came.
    """
    given = {
        "to": to, "text": text, "within": within, "remind": remind, "quorum": quorum, "kind": kind, "name": name,
    }  # fmt: skip
    check_options(f"agent {name or 'human'}", given, _PERSON)
    output = shape_of(answer)
    wording = None if isinstance(text, str) else (text, signature_of(text))
    if wording is not None and wording[1].is_async:
        raise UsageError("the text of a question is worded by a plain function, not by an async one")
    input_shape = wording[1].input if wording else shape_of(Json)
    wording_text = text if isinstance(text, str) else ""
    ask = Ask(text=wording_text, schema=output.schema, to=to, within=within, remind=remind, quorum=quorum, kind=kind)
    if quorum > 1:
        answers: Any = GenericAlias(list, (answer,))
        output = shape_of(answers)
    card = card_of("human", name or f"human-{to}", input_shape, output, {"description": wording_text, **options})
    return HumanAgent(card, input_shape, output, ask=ask, wording=wording)
