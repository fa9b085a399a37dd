"""What every agent must do."""

import asyncio
from dataclasses import dataclass

from podium.errors import InvalidValue
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done
from podium.store.codec import decode, encode
from podium.testing.steps import PlainSteps


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An agent, an input as a caller gives it, and one that it does not take."""

    agent: AnyAgent
    input: Json
    unfit: Json = None
    """None where the agent takes any input."""


class AgentContract:
    """The contract of an agent that works without waiting for anybody. Subclass it, and give `example`.

    class TestMyAgent(AgentContract):
        def example(self) -> Example:
            return Example(agent=my_agent, input="hello", unfit=5)
    """

    def example(self) -> Example:
        """Return the agent and what it takes."""
        raise NotImplementedError

    def test_its_card_says_who_it_is(self) -> None:
        card = self.example().agent.card
        assert card.name
        assert card.version
        assert card == self.example().agent.card

    def test_its_input_is_json_and_comes_back(self) -> None:
        example = self.example()
        shape = example.agent.input
        dumped = shape.dump(example.input)
        assert decode(encode(dumped)) == dumped
        assert shape.dump(shape.load(dumped)) == dumped

    def test_an_input_that_does_not_fit_is_refused_when_it_is_given(self) -> None:
        example = self.example()
        if example.unfit is None:
            return
        try:
            example.agent.input.dump(example.unfit)
        except InvalidValue:
            return
        raise AssertionError(f"{example.agent.card.name} took {example.unfit!r}")

    def test_its_value_is_json_of_its_output_type(self) -> None:
        example = self.example()
        value = self.value(PlainSteps())
        assert decode(encode(value)) == value
        output = example.agent.output
        assert output.dump(output.load(value)) == value

    def test_run_again_over_its_recorded_steps_it_gives_the_same_and_records_nothing_new(self) -> None:
        first = PlainSteps()
        value = self.value(first)
        again = PlainSteps(recorded=first.recorded)
        assert self.value(again) == value
        assert again.recorded == first.recorded

    def test_asked_about_a_call_it_never_saw_it_does_not_claim_to_have_done_it(self) -> None:
        agent = self.example().agent
        known = asyncio.run(agent.verify(self.call("run_never")))
        assert not isinstance(known, Done)

    def value(self, steps: PlainSteps) -> Json:
        """Return what the agent gives."""
        outcome = asyncio.run(self.example().agent.run(self.call("run_1"), steps))
        assert isinstance(outcome, Done), outcome
        return outcome.value

    def call(self, run: str) -> Call:
        """Return a call of the agent with its example input."""
        example = self.example()
        card, value = example.agent.card, example.agent.input.dump(example.input)
        return Call(run=run, key="0", agent=card.name, version=card.version, input=decode(encode(value)))
