"""A scripted model gives any value that its agent may want, and is told in words where it gives another one."""

import asyncio
import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import NativeOutput, PromptedOutput, TextOutput, ToolOutput
from typing_extensions import TypedDict

from podium import App, Context, Retry, workflow
from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.errors import InvalidValue, RunFailed, UsageError
from podium.patterns import Answer, Assignment, Delegate, Finish, HandOff
from podium.testing.model import Give, ScriptedModel, Use


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int


class Named(BaseModel):
    name: str = "nobody"


class Twin(BaseModel):
    x: int


@dataclass
class Order:
    item: str
    due: dt.date
    tags: Sequence[str] = field(default_factory=list[str])


class Row(TypedDict):
    price: float


def town(name: str) -> str:
    """Return a town."""
    return f"town {name}"


ORDER = Order("tea", dt.date(2026, 1, 2), ["hot"])
PLAIN: Sequence[tuple[Any, object]] = (
    (bool, True), (bool, False), (int, 3), (float, 0.5), (Decimal, Decimal("1.5")), (dt.date, dt.date(2026, 1, 2)),
    (Literal["yes", "no"], "no"), (Literal[1, 2], 2), (Colour, Colour.BLUE),
    (list[int], [1, 2]), (list[int], []), (list[Point], [Point(x=1)]), (tuple[int, str], (1, "a")), (set[int], {1, 2}),
    (dict[str, int], {"a": 1}), (dict[str, Point], {"a": Point(x=1)}), (dict[str, object], {"response": 1}),
    (Point, Point(x=1)), (Order, ORDER), (Row, {"price": 0.5}),
)  # fmt: skip
UNIONS: Sequence[tuple[Any, object]] = (
    (Point | Named, Point(x=1)), (Point | Named, Named()), (Point | Twin, Twin(x=1)), (Point | Order, ORDER),
    (Point | None, None), (Point | None, Point(x=1)), (bool | None, None), (bool | None, False),
    (list[int] | dict[str, int], {"a": 1}), (dict[str, int] | Point, {"x": 1}),
    (dict[str, int] | Point, Point(x=1)), (int | float, 3), (int | float, 0.5), (int | float, 3.0),
    (HandOff | Answer, HandOff(to="ada", reason="she knows")), (HandOff | Answer, Answer(answer={"x": 1})),
    (Delegate | Finish, Delegate(assignments=[Assignment(to="ada", input="dig")])),
    (Delegate | Finish, Finish(answer="done")),
)  # fmt: skip
WITH_TEXT: Sequence[tuple[Any, object]] = (
    (str, "so be it"), (str | None, "so be it"), (int | str, 3), (int | str, "so"), (Point | str, Point(x=1)),
    (Point | str, "so"),
)  # fmt: skip
BY_TOOLS_ONLY: Sequence[tuple[Any, object]] = ((Literal["a"] | Point, "a"),)  # Pydantic AI cannot read it out of text
ALL = (*PLAIN, *UNIONS, *WITH_TEXT, *BY_TOOLS_ONLY)


def given_by(value: object, kind: Any) -> object:
    return asyncio.run(PydanticAgent(ScriptedModel([Give(value)]), output_type=kind).run("Go.")).output


def test_each_type_of_answer_can_be_given() -> None:
    for kind, value in ALL:
        output = given_by(value, kind)
        assert (output, type(output)) == (value, type(value)), kind


def test_each_type_of_answer_can_be_streamed() -> None:
    async def streamed(kind: Any, value: object) -> object:
        async with PydanticAgent(ScriptedModel([Give(value)]), output_type=kind).run_stream("Go.") as result:
            return await result.get_output()

    for kind, value in ALL:
        assert asyncio.run(streamed(kind, value)) == value, kind


@pytest.mark.parametrize("mode", [NativeOutput, PromptedOutput])
def test_each_type_of_answer_can_be_given_as_json_in_text(mode: Any) -> None:
    for kind, value in (*PLAIN, *UNIONS):
        output = given_by(value, mode(kind))
        assert (output, type(output)) == (value, type(value)), kind


@pytest.mark.parametrize(
    ("kind", "given", "gives"),
    [
        (Point | Named, {"x": 1}, Point(x=1)),
        (Point | Named, {"name": "ada"}, Named(name="ada")),
        (Order, {"item": "tea", "due": "2026-01-02", "tags": ["hot"]}, ORDER),
        (Delegate | Finish, {"answer": 1}, Finish(answer=1)),
        (Colour, "blue", Colour.BLUE),
        (bool, {"response": True}, True),
        (ToolOutput(Point, name="point"), Point(x=1), Point(x=1)),
        ([Point, ToolOutput(town, name="go")], {"name": "Ulm"}, "town Ulm"),
        (town, {"name": "Ulm"}, "town Ulm"),
        (TextOutput(town), "Ulm", "town Ulm"),
    ],
)
def test_json_is_given_as_the_output_that_it_fits(kind: Any, given: object, gives: object) -> None:
    assert given_by(given, kind) == gives


def test_no_answer_at_all_can_be_given_where_none_is_allowed() -> None:
    agent = llm_agent("quiet", model=ScriptedModel([Give(None)]), instructions="Say it, or nothing.", output=str | None)
    assert answered_by(agent) is None


def answered_by(agent: Any, *, retry: Retry | None = None) -> object:
    @workflow
    async def ask(ctx: Context) -> object:
        return await ctx.call(agent, "Go.", retry=retry)

    async def main() -> object:
        async with App.open(":memory:") as app:
            return await app.run(ask)

    return asyncio.run(main())


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Point | Named, {"z": 1}, "Point: 'x' is a required property; Named: it has no 'z'"),
        (Point, {"x": "one"}, "Point: 'one' is not of type 'integer'"),
        (bool, "x", "final_result: 'x' is not of type 'boolean'"),
        (Literal["a", "b"], "c", "'c' is not one of ['a', 'b']"),
        (str, {"a": 1}, "text: it is none"),
        (Point | str, 3, "Point: 3 is not of type 'object'; text: it is none"),
        (Point | Twin, {"x": 1}, "fits several outputs of the agent: Point and Twin"),
        (NativeOutput(Point), 3, "Point: 3 is not of type 'object'"),
    ],
)
def test_what_fits_no_output_fails_at_once_in_words(kind: Any, value: object, said: str, *, streaming: bool) -> None:
    agent = PydanticAgent(ScriptedModel([Give(value)] * 9), name="a", output_type=kind, retries=5)
    bot = from_pydantic_ai(agent, output=object, streaming=streaming)
    with pytest.raises(RunFailed) as failed:
        answered_by(bot, retry=Retry(attempts=3, delay=0.0))
    assert said in str(failed.value)
    assert InvalidValue.__name__ in str(failed.value)


def test_what_fits_none_is_not_asked_for_again() -> None:
    asked: list[int] = []

    def script(messages: Sequence[Any]) -> Give:
        asked.append(len(messages))
        return Give("maybe")

    with pytest.raises(RunFailed):
        answered_by(llm_agent("a", model=ScriptedModel(script), instructions="Judge.", output=bool, corrections=5))
    assert asked == [1]


def test_an_answer_that_is_to_be_corrected_is_a_use_of_the_output_tool() -> None:
    script = [Use("final_result", {"x": "one"}), Give(Point(x=1))]
    assert answered_by(llm_agent("a", model=ScriptedModel(script), instructions="Point.", output=Point)) == {"x": 1}


def test_a_value_can_be_given_beside_the_use_of_a_tool() -> None:
    used: list[str] = []

    def look() -> str:
        used.append("look")
        return "seen"

    script = ScriptedModel([[Use("look"), Give(value=True)]])
    assert answered_by(llm_agent("a", model=script, instructions="Judge.", output=bool, tools=[look])) is True
    assert used == ["look"]


def test_a_value_without_json_is_refused_where_it_is_written() -> None:
    with pytest.raises(UsageError, match="has no JSON"):
        Give(object())


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (Delegate | Finish, {"answer": 1}), (HandOff | Answer, {"answer": 1}), (Literal["yes", "no"], "yes"),
        (bool, True), (int, 4), (list[str], ["a"]), (dict[str, str], {"found": "x"}), (Literal["a"] | None, None),
    ],
)  # fmt: skip
async def test_what_the_pages_of_patterns_recommend_comes_out_of_a_workflow_of_any_type(
    output: Any, value: object
) -> None:
    bot = llm_agent("bot", model=ScriptedModel([Give(value)]), instructions="x", output=output)

    @workflow
    async def ask(ctx: Context, question: str) -> Any:
        return await ctx.call(bot, question)

    async with App.open(":memory:") as app:
        assert await app.run(ask, "q") == value
