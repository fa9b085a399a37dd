"""What code in a tool asks is handed back to the one who asked it, in whichever order its tasks come to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import TransportFailed
from podium.model.retry import Retry
from podium.testing.model import Failing, ModelReply, ScriptedModel, Use, timed_out

ASKED = list[str]()


def echo(messages: Sequence[ModelMessage]) -> ModelReply | Failing:
    [part] = messages[-1].parts
    assert isinstance(part, UserPromptPart)
    ASKED.append(str(part.content))
    return f"({part.content})"


HELPER = ScriptedModel(echo, name="helper")


async def direct(question: str) -> str:
    return str((await model_request(HELPER, [ModelRequest.user_text_prompt(question)])).text)


async def through_agent(question: str) -> str:
    return (await PydanticAgent(HELPER, name="helper").run(question)).output


async def of_tool(work: Callable[[], Awaitable[str]]) -> str:
    """Run a tool in a call that is tried twice; the tool does `work`."""
    model = ScriptedModel([Use("work", id="a"), "Done."], name="own")
    own = PydanticAgent(model, name="clerk")
    own.tool_plain(name="work")(work)
    clerk = from_pydantic_ai(own, retry=Retry(attempts=2, delay=0.0))

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(clerk, "Go.")

    async with App.open(":memory:", agents=[flow]) as app:
        return await app.run(flow)


@pytest.mark.parametrize("ask", [direct, through_agent])
async def test_chains_that_come_in_another_order_are_handed_their_own_answers(ask: Any) -> None:
    """The first time both chains ask by turns and one is broken off; the second time one comes after the other."""
    ASKED.clear()
    tries, answers = list[int](), list[list[str]]()

    async def chain(name: str, may_go: asyncio.Event, other: asyncio.Event) -> str:
        first = await ask(name)
        if len(tries) == 1:
            other.set()
            await may_go.wait()
            if name == "slow":
                raise TransportFailed("it broke")
        return await ask(f"{name} {first}")

    async def work() -> str:
        tries.append(1)
        slow, fast = asyncio.Event(), asyncio.Event()
        fast.set()

        async def quick() -> str:
            said = await chain("fast", fast, asyncio.Event())
            slow.set()
            return said

        answers.append([*await asyncio.gather(chain("slow", slow, asyncio.Event()), quick())])
        return "Worked."

    assert await of_tool(work) == "Done."
    assert answers == [["(slow (slow))", "(fast (fast))"]]
    assert sorted(ASKED) == ["fast", "fast (fast)", "slow", "slow (slow)"]


@pytest.mark.parametrize("others", [["B"], ["B", "C"]])
async def test_a_model_that_failed_is_not_answered_by_another_one_of_whom_the_same_is_asked(others: list[str]) -> None:
    answers = list[dict[str, str]]()

    async def told_by(name: str) -> str:
        model = ScriptedModel(lambda _: timed_out() if name == "A" else f"I am {name}", name=name)
        try:
            return str((await model_request(model, [ModelRequest.user_text_prompt("Who?")])).text)
        except ModelAPIError:
            return "failed"

    async def work() -> str:
        answers.append({name: await told_by(name) for name in ("A", *others)})
        if len(answers) == 1:
            raise TransportFailed("it broke")
        return "Worked."

    assert await of_tool(work) == "Done."
    assert answers == [{"A": "failed", **{name: f"I am {name}" for name in others}}] * 2


@dataclass
class Town:
    name: str


@dataclass
class Street:
    name: str


def town(name: str) -> Town:
    """Name a town."""
    return Town(name)


def street(name: str) -> Street:
    """Name a street."""
    return Street(name)


@pytest.mark.parametrize(
    ("own", "of_run"),
    [([town, street], None), (str, street), ([town, street], [street, town])],
    ids=["several", "of the run", "both"],
)
async def test_each_output_function_of_an_agent_in_a_tool_gives_its_own_type(own: Any, of_run: Any) -> None:
    given = list[object]()
    name = "final_result" if of_run is street else "final_result_street"

    async def work() -> str:
        helper = PydanticAgent[object, Any](ScriptedModel([Use(name, {"name": "Elm"}, id="b")]), output_type=own)
        given.append((await helper.run("Where?", output_type=of_run)).output)
        if len(given) == 1:
            raise TransportFailed("it broke")
        return "Worked."

    assert await of_tool(work) == "Done."
    assert given == [Street("Elm"), Street("Elm")]
