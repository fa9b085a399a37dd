"""A conversation takes room in proportion to what is said, not to its square; and no more time than it did."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.model.json import Json
from podium.patterns import debate, magentic
from podium.patterns.group_chat import Said, group_chat
from podium.patterns.handoff import handoff
from podium.store.journaling import quoting
from podium.testing import scripted
from tests.unit.engine.bench import Bench


def text() -> str:
    return os.urandom(1_000).hex()


@agent
async def ann(task: str, messages: list[Said]) -> str:
    return text()


@agent
async def ben(task: str, messages: list[Said]) -> str:
    return text()


@agent
async def speak(messages: list[dict[str, str]]) -> str:
    return text()


@workflow
async def own_messages(ctx: Context, turns: int) -> int:
    messages: list[dict[str, str]] = []
    for _ in range(turns):
        messages.append({"role": "assistant", "content": await ctx.call(speak, messages)})
    return len(messages)


@workflow
async def with_a_person(ctx: Context, turns: int) -> int:
    messages: list[dict[str, str]] = []
    for _ in range(turns):
        messages.append({"role": "user", "content": await ctx.signal("said")})
        messages.append({"role": "assistant", "content": await ctx.call(speak, messages)})
    return len(messages)


def desk(name: str, other: str, turns: int) -> Any:
    def play(told: Json) -> Json:
        left.pop()
        return {"to": other, "reason": text(), "context": {}} if left else {"answer": "done"}

    left = list(range(turns // 2))
    return scripted(name, play, description=name)


def boss(turns: int) -> Any:
    left = list(range(turns))

    def play(told: Json) -> Json:
        if told["step"] == "plan":
            return {"facts": "none", "plan": "ask"}
        if told["step"] != "progress":
            return "done"
        ended = not left
        _ = left and left.pop()
        return {
            "satisfied": ended, "looping": False, "progressing": True, "next": "work", "instruction": "do it",
        }  # fmt: skip

    return scripted("boss", play)


@agent
async def work(instruction: str) -> str:
    return text()


def debater(name: str) -> Any:
    return scripted(name, lambda told: f"{name}: {text()}")


def chatting(turns: int) -> Any:
    return group_chat(ann, ben, turns=turns, name="chat")


def handing(turns: int) -> Any:
    members = desk("front", "back", turns), desk("back", "front", turns)
    return handoff(*members, hops=turns, ping_pong=turns, name="hand")


def ordering(turns: int) -> Any:
    return magentic(boss(turns), [work], rounds=turns + 1, name="order")


def debating(turns: int) -> Any:
    members = debater("a"), debater("b"), debater("c")
    judge = scripted("judge", lambda told: {"winner": "A", "reasons": ""})
    return debate(*members, judge=judge, rounds=turns // 6, name="d")


MADE: dict[str, Callable[[int], Any]] = {
    "group_chat": chatting, "handoff": handing, "magentic": ordering, "debate": debating,
    "own messages": lambda _: own_messages,
}  # fmt: skip


async def size_of(bench: Bench, store: str, made: Any, input: Json) -> int:
    """Return how large a store's file is once a run has ended."""
    path = bench.path.with_name(store)
    async with App.open(path, agents=[speak], clock=bench.clock, ids=bench.ids) as app:
        await app.run(made, input)
    return path.stat().st_size


@pytest.mark.parametrize("kind", MADE)
async def test_three_times_as_many_turns_take_three_times_the_room(bench: Bench, kind: str) -> None:
    sizes = [await size_of(bench, f"{n}.db", MADE[kind](n), n if kind == "own messages" else "go") for n in (40, 120)]
    assert sizes[1] < 3.6 * sizes[0], sizes


@pytest.mark.parametrize("kind", ["group_chat", "own messages"])
async def test_two_hundred_turns_of_two_kilobytes_take_a_megabyte_and_a_half(bench: Bench, kind: str) -> None:
    assert await size_of(bench, "s.db", MADE[kind](200), 200 if kind == "own messages" else "go") < 1_500_000


@pytest.mark.system
async def test_quoting_takes_no_more_time_than_storing_all_of_it_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def seconds(store: str) -> float:
        began = time.process_time()
        await size_of(bench, store, chatting(200), "go")
        return time.process_time() - began

    await seconds("warm.db")
    quoted = min([await seconds(f"q{n}.db") for n in range(3)])
    monkeypatch.setattr(quoting, "QUOTING_UP_TO", 0)
    whole = min([await seconds(f"w{n}.db") for n in range(3)])
    assert quoted < 1.25 * whole, (quoted, whole)


async def test_a_run_that_is_taken_up_for_each_turn_grows_linearly_too(bench: Bench) -> None:
    async with bench.app(with_a_person, speak) as app:
        run = (await app.start(with_a_person, 30)).id
    sizes: list[int] = []
    for turn in range(30):
        async with bench.app(with_a_person, speak) as app:
            handle = await app.handle(run)
            await handle.signal("said", text())
            await bench.clock.settle()
            facts = await app.runs.facts(run)
            assert [len(fact.value()) for fact in facts if fact.key.isdigit() and isinstance(fact.value(), list)] == [
                2 * each + 1 for each in range(turn + 1)
            ]
            assert await app.reports.verify(run) == []
        sizes.append(bench.path.stat().st_size)
    assert sizes[-1] - sizes[0] < 3.6 * (sizes[9] - sizes[0]), sizes


async def test_a_fork_keeps_what_was_said_when_the_run_it_came_of_is_deleted(bench: Bench) -> None:
    async with bench.app(own_messages, speak) as app:
        handle = await app.start(own_messages, 12)
        await handle.result()
        fork = (await app.operations.fork(handle.id, "10")).id
        await bench.clock.settle()
        said = [fact.payload for fact in await app.runs.facts(fork)]
        bench.jump(1_000.0)
        assert (await app.operations.redact(handle.id, by="ann", why="asked for")) == 1
        assert [fact.payload for fact in await app.runs.facts(fork)] == said
        assert await app.reports.verify(fork) == []
        assert None not in [fact.value() for fact in await app.runs.facts(fork) if fact.key == "9"]
