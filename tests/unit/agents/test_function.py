import asyncio
import contextvars
import sys
import threading
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import Field

from podium.agents.function import NOT_DONE, FunctionAgent, agent
from podium.errors import BadAnswer, InvalidValue, NotDone, Suspended, UsageError
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Outcome
from podium.model.steps import Steps
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import answer, call_with, outcome

place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")


@dataclass(frozen=True)
class Point:
    x: int


@agent
async def measure(text: str) -> int:
    """Count the characters.

    Second paragraph.
    """
    return len(text)


@agent
def move(point: Point, by: Annotated[int, Field(gt=0)] = 1) -> Point:
    return Point(point.x + by)


def test_an_async_function_becomes_an_agent_with_its_types() -> None:
    typed: FunctionAgent[str, int] = measure
    assert answer(typed, "abc") == 3


def test_name_and_description_come_from_the_function() -> None:
    assert (measure.card.name, measure.card.description) == ("measure", "Count the characters.")


def test_options_are_on_the_card() -> None:
    decorate = agent(name="n", version="2", capabilities=["count"], effects="once", usd=0.5, timeout=3.0)
    card = decorate(measure.__wrapped__).card
    assert (card.name, card.version, card.effects, card.usd, card.timeout) == ("n", "2", "once", 0.5, 3.0)
    assert card.capabilities == frozenset({"count"})
    assert card.input_schema == {"type": "string"}


def test_called_directly_it_is_the_function() -> None:
    assert asyncio.run(measure("abcd")) == 4
    assert move(Point(1), by=2) == Point(3)


def test_several_parameters_are_a_mapping_and_defaults_are_kept() -> None:
    assert answer(move, {"point": {"x": 1}}) == {"x": 2}
    assert answer(move, {"point": {"x": 1}, "by": 5}) == {"x": 6}


def test_a_mapping_with_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidValue, match="`bye`"):
        move.input.dump({"point": Point(1), "bye": 2})


def test_a_mapping_is_dumped_with_its_values_checked() -> None:
    assert move.input.dump({"point": Point(1)}) == {"point": {"x": 1}}
    with pytest.raises(InvalidValue, match="`by`"):
        move.input.dump({"point": Point(1), "by": 0})


def test_a_function_without_parameters_takes_none() -> None:
    @agent
    async def ping() -> str:
        return "pong"

    assert answer(ping) == "pong"


def test_the_default_of_the_only_parameter_stands_in_for_none() -> None:
    @agent
    async def double(number: int = 21) -> int:
        return number * 2

    assert answer(double) == 42
    assert answer(double, 2) == 4


def test_an_explicit_none_is_kept_where_the_parameter_takes_none() -> None:
    @agent
    async def shown(text: str | None = "default") -> str:
        return repr(text)

    assert answer(shown) == "None"


def test_steps_and_call_are_handed_over_and_are_no_input() -> None:
    @agent
    async def tell(text: str, call: Call, *, steps: Steps) -> str:
        steps.emit(text)
        return f"{call.key} {steps.idempotency_key}"

    steps = PlainSteps(idempotency_key="k")
    assert answer(tell, "hello", steps) == "2.0 k"
    assert steps.emitted == ["hello"]
    assert tell.card.input_schema == {"type": "string"}


def test_a_function_without_hints_takes_and_gives_any_json() -> None:
    def same(value: Json) -> Json:
        return value

    same.__annotations__.clear()
    assert answer(agent(same), {"a": [1]}) == {"a": [1]}


def test_an_answer_that_does_not_fit_is_a_bad_answer() -> None:
    @agent
    async def wrong() -> int:
        return "5"  # pyright: ignore[reportReturnType]  the subject of the test

    with pytest.raises(BadAnswer, match="wrong returned something else than it declares: expected int"):
        outcome(wrong)


def test_an_exception_of_the_function_passes() -> None:
    @agent
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outcome(broken)


def test_an_interrupt_of_the_engine_passes() -> None:
    @agent
    async def waits() -> None:
        raise Suspended(None, "s")

    with pytest.raises(Suspended):
        outcome(waits)


def test_sys_exit_in_either_sort_of_function_reaches_whoever_called() -> None:
    @agent
    async def leaves() -> None:
        sys.exit(3)

    @agent
    def leaves_too() -> None:
        sys.exit(3)

    for each in (leaves, leaves_too):
        run = each.run(call_with(), PlainSteps())
        assert asyncio.run(_exit_status(run)) == 3


async def _exit_status(run: Coroutine[None, None, Outcome]) -> object:
    """Catch it inside the loop: asyncio lets a SystemExit of a task end the loop itself."""
    with pytest.raises(SystemExit) as left:
        await run
    return left.value.code


def test_a_verify_function_that_leaves_cannot_tell() -> None:
    def look() -> None:
        sys.exit(3)

    assert asyncio.run(agent(verify=look)(measure.__wrapped__).verify(call_with("a"))) is None


def test_a_plain_function_runs_in_a_daemon_thread_with_the_callers_context() -> None:
    @agent
    def where() -> list[str]:
        return [place.get(), str(threading.current_thread().daemon), str(threading.current_thread() is main)]

    main = threading.current_thread()
    place.set("here")
    assert answer(where) == ["here", "True", "False"]


def test_a_plain_function_may_give_an_awaitable() -> None:
    async def later() -> int:
        return 7

    @agent
    def soon() -> Json:
        return later()

    assert answer(soon) == 7


def test_without_a_verify_function_it_cannot_tell() -> None:
    assert asyncio.run(measure.verify(call_with("a"))) is None


def test_verify_gives_the_value_of_an_effect_that_happened() -> None:
    async def look(text: str) -> int:
        return len(text)

    made = agent(effects="once", verify=look)(measure.__wrapped__)
    assert asyncio.run(made.verify(call_with("abc"))) == Done(3)


def test_verify_says_that_an_effect_did_not_happen() -> None:
    def returns(text: str) -> object:
        return NOT_DONE

    def raises() -> None:
        raise NotDone("no trace of it")

    for look in (returns, raises):
        made = agent(verify=look)(measure.__wrapped__)
        verdict = asyncio.run(made.verify(call_with("abc")))
        assert isinstance(verdict, Failed)
        assert verdict.failure.not_done


def test_a_verify_function_with_other_parameters_is_refused() -> None:
    def look(point: Point, other: int) -> None: ...

    with pytest.raises(UsageError, match="same parameters"):
        agent(verify=look)(measure.__wrapped__)


async def _chunks(text: str) -> AsyncGenerator[str]:
    yield text


def _many(*words: str) -> None: ...


def _named(**words: str) -> None: ...


def _by_position(word: str, /) -> None: ...


def _unresolvable(word: str) -> None: ...


_unresolvable.__annotations__["word"] = "Missing"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_chunks, "is a generator"),
        (_many, r"takes `\*words: str`"),
        (_named, r"takes `\*\*words: str`"),
        (_by_position, "by position only"),
        (_unresolvable, "cannot be resolved.*Missing"),
    ],
)
def test_a_function_that_cannot_be_an_agent_is_refused_when_decorated(function: Json, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        agent(function)
