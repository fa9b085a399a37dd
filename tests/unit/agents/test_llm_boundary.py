"""Outside of a call, models and agents of Pydantic AI are as without Podium; inside, every class is recorded."""

import asyncio
import warnings
from collections import UserList, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.test import TestModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.errors import UsageError
from tests.unit.agents.test_llm_steps import Journal, call, value_of

USED = RequestUsage(input_tokens=1, output_tokens=1)

ASKED: list[ModelMessage] = [ModelRequest.user_text_prompt("Go.")]


class Renamed(WrapperModel):
    """Calls its arguments something else, has a default, and takes one more."""

    async def request(self, said: Any, how: Any = None, what: Any = None, *, tag: str = "none") -> ModelResponse:  # pyright: ignore[reportIncompatibleMethodOverride] - as some write it
        return ModelResponse([TextPart(f"{len(said)} {tag}")], usage=USED)


class Three(WrapperModel):
    """Streams without knowing of a run."""

    @asynccontextmanager
    async def request_stream(  # pyright: ignore[reportIncompatibleMethodOverride] - as some write it
        self, messages: Any, model_settings: Any, model_request_parameters: Any
    ) -> AsyncGenerator[Any]:
        async with self.wrapped.request_stream(messages, model_settings, model_request_parameters) as streamed:
            yield streamed


class Plain(WrapperModel):
    """Has a plain function, which fails when it is called."""

    def request(self, *given: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - takes the same
        raise LookupError("at once")


class Asks:
    """Is mixed into a class of models, and is none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def request(self, messages: Any, model_settings: Any, model_request_parameters: Any) -> ModelResponse:
        self.asked += 1
        return ModelResponse([TextPart("Hello.")], model_name="mixed", usage=USED)


class Mixed(Asks, Model[Any]):
    """Has its request from elsewhere."""

    model_name = "mixed"  # type: ignore[assignment]
    system = "mixed"  # type: ignore[assignment]


def test_a_request_takes_what_its_class_takes() -> None:
    async def ask() -> list[str | None]:
        model: Any = Renamed(TestModel())
        return [(await model.request(said=ASKED, tag="mine")).text, (await model.request(ASKED)).text]

    assert asyncio.run(ask()) == ["1 mine", "1 none"]


def test_a_stream_is_given_no_more_than_it_was_given() -> None:
    async def ask() -> str:
        async with Three(TestModel()).request_stream(ASKED, None, ModelRequestParameters()) as streamed:
            async for _ in streamed:
                pass
            return streamed.get().text

    assert asyncio.run(ask()) == "success (no tool calls)"


def test_a_plain_function_fails_at_the_call_and_a_coroutine_function_is_one() -> None:
    with pytest.raises(LookupError):
        Plain(TestModel()).request(ASKED, None, ModelRequestParameters())
    assert not iscoroutinefunction(Plain.request)
    assert iscoroutinefunction(TestModel.request)


def test_an_option_that_a_run_does_not_have_fails_at_the_call() -> None:
    agent: Any = PydanticAgent(TestModel(), name="clerk")
    with pytest.raises(TypeError, match="nonsense"):
        agent.iter("Go.", nonsense=1)


def test_a_warning_of_a_new_class_tells_the_line_of_the_class() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")

        class Old(TestModel):
            def resolve_prompt_cache_retention(self, *given: Any, **options: Any) -> None: ...

    assert [each.filename for each in told] == [__file__]
    assert issubclass(Old, TestModel)


@pytest.mark.parametrize("made", [Renamed(TestModel()), Mixed()])
def test_a_request_of_any_class_is_recorded(made: Any) -> None:
    journal, agent = Journal(), from_pydantic_ai(PydanticAgent(made, name="clerk"))
    first, again = [value_of(asyncio.run(agent.run(call("Go."), journal))) for _ in range(2)]
    assert first == again
    assert list(journal.values) == ["model/1"]
    assert getattr(made, "asked", 1) == 1


def test_a_request_by_name_is_recorded_with_what_it_takes_besides() -> None:
    model: Any = Renamed(TestModel())

    async def work() -> str:
        """Work."""
        return (await model.request(said=[*ASKED, *ASKED], tag="mine")).text

    own = PydanticAgent(TestModel(), name="clerk", tools=[work])
    journal = Journal()
    assert value_of(asyncio.run(from_pydantic_ai(own).run(call("Go."), journal))) == '{"work":"2 mine"}'
    assert len([key for key in journal.values if "model" in key]) == 3


@pytest.mark.parametrize("several", [list, tuple, deque, UserList])
def test_tools_come_in_any_kind_of_list(several: Callable[[list[Any]], Any]) -> None:
    def look() -> str:
        """Look."""
        return "nothing"

    agent = llm_agent("clerk", model=TestModel(), instructions="Be exact.", tools=several([look]))
    assert value_of(asyncio.run(agent.run(call("Go."), Journal()))) == '{"look":"nothing"}'


@pytest.mark.parametrize("tools", ["look", b"look", {"look": len}, {len}])
def test_tools_are_no_text_and_have_an_order(tools: Any) -> None:
    with pytest.raises(UsageError, match="in a list"):
        llm_agent("clerk", model=TestModel(), instructions="Be exact.", tools=tools)
