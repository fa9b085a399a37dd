"""The one rule of every retry, for random programs: what gave a value is not done again, and what failed is."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from podium import App, Context, Retry, RunState, Steps, agent, run_sync, workflow
from podium.errors import CallError, NotDone, NotPossible
from podium.model.json import Json
from podium.model.run import Run
from podium.testing import CountingIds, DrivenClock

MOST_RETRIES = 40

Part = Callable[[Context, Json], Awaitable[list[Json]]]


# Programs: trees whose leaves are calls, each of which fails a few times before it gives a value


def leaf(fails: int, by: str, *, undo: bool = False) -> Json:
    """Return a call; with `undo`, what it did is undone when the workflow that makes it fails."""
    return {"do": "leaf", "fails": fails, "by": by, "undo": undo}


SIGNAL: Json = {"do": "signal"}
QUESTION: Json = {"do": "question"}
LEAVES: st.SearchStrategy[Json] = st.one_of(
    st.builds(leaf, st.integers(0, 2), st.sampled_from(["plain", "once", "in_steps"]), undo=st.booleans()),
    st.sampled_from([SIGNAL, QUESTION]),
)


def _composed(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    parts = st.lists(inner, min_size=1, max_size=3)
    alone = st.sampled_from(["own_error", "gather", "as_they_end", "child", "slowly"])
    return st.one_of(
        st.fixed_dictionaries({"do": st.just("nested"), "parts": parts, "tries": st.integers(1, 3)}),
        st.fixed_dictionaries(
            {"do": st.just("nested"), "parts": parts, "tries": st.integers(1, 3), "limit": st.just(99)}
        ),
        st.fixed_dictionaries({"do": st.just("catch"), "parts": parts, "other": parts}),
        st.fixed_dictionaries({"do": alone, "parts": parts}),
    )


PROGRAMS: st.SearchStrategy[Json] = st.recursive(LEAVES, _composed, max_leaves=8)


def numbered(node: Json, count: list[int]) -> Json:
    """Return a program whose leaves have numbers of their own, so that no two calls ask the same."""
    n = count[0] = count[0] + 1
    parts = {name: [numbered(each, count) for each in node[name]] for name in ("parts", "other") if name in node}
    return {**node, "n": n, **parts}


async def played(ctx: Context, node: Json) -> list[Json]:
    return await WAYS[node["do"]](ctx, node)


async def one_leaf(ctx: Context, node: Json) -> list[Json]:
    value = await ctx.call(node["by"], node)
    if node["undo"]:
        await ctx.on_undo("cancel", node)
    return [value]


async def signal(ctx: Context, node: Json) -> list[Json]:
    """Wait for what is sent once; only the run itself is sent anything."""
    if ctx.run_id == "r":
        await ctx.signal(f"go {node['n']}", int)
    return []


async def in_a_row(ctx: Context, node: Json) -> list[Json]:
    return [value for each in node["parts"] for value in await played(ctx, each)]


async def nested(ctx: Context, node: Json) -> list[Json]:
    retry = Retry(attempts=node["tries"], delay=1)
    return await ctx.call("program", {**node, "do": "in_a_row"}, retry=retry, timeout=node.get("limit"))


async def catch(ctx: Context, node: Json) -> list[Json]:
    try:
        return await in_a_row(ctx, node)
    except CallError:
        return await in_a_row(ctx, {"parts": node["other"]})


async def own_error(ctx: Context, node: Json) -> list[Json]:
    failed = False
    try:
        return await in_a_row(ctx, node)
    except CallError:
        failed = True
    raise LookupError(f"nothing came of it: {failed}")


async def gather(ctx: Context, node: Json) -> list[Json]:
    found = await ctx.gather(*(ctx.branch(played, each) for each in node["parts"]))
    return [value for each in found for value in each]


async def as_they_end(ctx: Context, node: Json) -> list[Json]:
    """Do something for each branch when it ends, at a key that depends on their order."""
    values, parts = list[Json](), node["parts"]
    async with ctx.select(*(ctx.branch(played, each) for each in parts)) as ended:
        async for branch in ended:
            if branch.error is None:
                values += branch.value()
                values.append(await ctx.call("plain", {"n": -parts[branch.index]["n"], "fails": 0}))
    if len(values) < len(parts):
        raise LookupError("some are missing")
    return values


async def child(ctx: Context, node: Json) -> list[Json]:
    started = await ctx.spawn(program, {**node, "do": "in_a_row"})
    return await started.result()


async def slowly(ctx: Context, node: Json) -> list[Json]:
    await ctx.sleep(1)
    return await in_a_row(ctx, node)


async def question(ctx: Context, node: Json) -> list[Json]:
    await ctx.ask("Which?", subject=node, answer=int)
    return []


WAYS: dict[str, Part] = {
    "leaf": one_leaf, "in_a_row": in_a_row, "nested": nested, "catch": catch, "own_error": own_error, "gather": gather,
    "as_they_end": as_they_end, "child": child, "slowly": slowly, "signal": signal, "question": question,
}  # fmt: skip


@workflow
async def program(ctx: Context, node: Json) -> list[Json]:
    return await played(ctx, node)


# What happens


@dataclass
class World:
    """What happens outside of the store."""

    begun: Counter[int] = field(default_factory=Counter[int])
    done: Counter[int] = field(default_factory=Counter[int])
    asked: Counter[int] = field(default_factory=Counter[int])
    """How often people answered a question."""

    def act(self, node: Json) -> int:
        n: int = node["n"]
        self.begun[n] += 1
        if self.begun[n] <= node["fails"]:
            raise NotDone(f"{n} is down")
        self.done[n] += 1
        return n

    def agents(self) -> list[Any]:
        @agent
        async def plain(node: Json) -> Json:
            return self.act(node)

        @agent(effects="once")
        async def once(node: Json) -> Json:
            return self.act(node)

        @agent
        async def in_steps(node: Json, steps: Steps) -> Json:
            """Do something else first, which is to be done once however often the rest fails."""

            async def first() -> Json:
                return self.act({"n": node["n"] + 1_000, "fails": 0})

            async def second() -> Json:
                return self.act(node)

            await steps.once("first", first, input=node, effects="once")
            return await steps.once("second", second, input=node, effects="once")

        @agent
        async def cancel(node: Json) -> None:
            for n in (node["n"], node["n"] + 1_000):
                self.done[n] = max(0, self.done[n] - 1)

        return [plain, once, in_steps, cancel, program]


async def told_truly(app: App, world: World, clock: DrivenClock) -> None:
    """Answer those who ask whether something happened that was cut in flight."""
    while questions := await app.inbox.list():
        for question in questions:
            if question.ask.kind == "question":
                world.asked[question.ask.subject["n"]] += 1
                await app.inbox.answer(question.id, 1, by="ann")
                continue
            n = question.ask.subject["n"] + 1_000 * question.ask.text.startswith("Did first")
            answer = {"happened": n} if world.done[n] else {"not_done": True}
            await app.inbox.answer(question.id, answer, by="ann")
        await clock.settle()


def all_of(node: Json) -> list[Json]:
    """Return a node and those in it."""
    return [node, *(each for name in ("parts", "other") for part in node.get(name, []) for each in all_of(part))]


async def ended(node: Json, world: World, folder: Path) -> tuple[Run, list[Json]]:
    """Run a program, each time with another app, and retry it until it is done or has undone what it did.

    Returns how it stands in the end, and its value.
    """
    clock, ids = DrivenClock(), CountingIds()
    async with App.open(folder / "store.db", agents=world.agents(), clock=clock, ids=ids) as app:
        await app.start(program, node, id="r")
    unsent = [f"go {each['n']}" for each in all_of(node) if each["do"] == "signal"]
    for _ in range(MOST_RETRIES):
        async with App.open(folder / "store.db", agents=world.agents(), clock=clock, ids=ids) as app:
            handle = await app.handle("r")
            for _ in range(8):
                await clock.advance(5)
                await told_truly(app, world, clock)
                if unsent and not (await handle.status()).state.ended:
                    await handle.signal(unsent.pop(), 1)
            run = await handle.status()
            if run.state is not RunState.FAILED:
                return run, await handle.result() if run.state is RunState.DONE else []
            try:
                await app.operations.retry("r")
            except NotPossible as error:
                assert "has begun to undo" in str(error)  # noqa: PT017 - others are raised on
                return run, []
    raise AssertionError(f"it still fails after {MOST_RETRIES} retries")


@settings(deadline=None)
@given(PROGRAMS)
@example({"do": "nested", "tries": 3, "limit": 99, "parts": [leaf(0, "plain"), leaf(2, "once")]})
@example({"do": "own_error", "parts": [{"do": "child", "parts": [leaf(1, "once"), leaf(1, "in_steps")]}]})
@example(
    {
        "do": "own_error",
        "parts": [
            {
                "do": "catch",
                "parts": [leaf(1, "plain"), leaf(1, "in_steps")],
                "other": [leaf(0, "plain"), leaf(2, "plain")],
            }
        ],
    }
)
@example(
    {
        "do": "own_error",
        "parts": [
            {"do": "catch", "parts": [leaf(1, "plain"), SIGNAL, leaf(1, "plain")], "other": [leaf(1, "in_steps")]}
        ],
    }
)
@example({"do": "nested", "tries": 2, "parts": [leaf(0, "plain", undo=True), leaf(1, "in_steps")]})
@example(
    {
        "do": "nested",
        "tries": 1,
        "parts": [leaf(0, "plain", undo=True), {"do": "gather", "parts": [leaf(1, "plain"), QUESTION]}],
    }
)
@example({"do": "nested", "tries": 1, "parts": [leaf(0, "plain", undo=True), leaf(2, "in_steps")]})
@example(
    {
        "do": "nested",
        "tries": 1,
        "parts": [leaf(0, "plain", undo=True), {"do": "nested", "tries": 1, "parts": [leaf(2, "in_steps")]}],
    }
)
@example(
    {
        "do": "nested",
        "tries": 3,
        "parts": [SIGNAL, QUESTION, leaf(0, "once"), leaf(0, "once", undo=True), leaf(0, "in_steps"), leaf(2, "plain")],
    }
)
@example(
    {
        "do": "nested",
        "tries": 1,
        "parts": [{"do": "nested", "tries": 1, "parts": [leaf(0, "plain", undo=True), leaf(1, "plain")]}],
    }
)
@example(
    {
        "do": "nested",
        "tries": 2,
        "parts": [
            leaf(0, "plain", undo=True),
            {
                "do": "catch",
                "parts": [{"do": "nested", "tries": 1, "parts": [leaf(1, "in_steps")]}],
                "other": [leaf(1, "plain")],
            },
        ],
    }
)
@example(
    {
        "do": "nested",
        "tries": 1,
        "parts": [
            {
                "do": "nested",
                "tries": 1,
                "parts": [{"do": "nested", "tries": 1, "parts": [SIGNAL, QUESTION]}, leaf(0, "plain", undo=True)],
            },
            leaf(1, "plain"),
        ],
    }
)
def test_what_gave_a_value_is_never_done_again_however_a_program_is_retried(shape: Json) -> None:
    node, world = numbered(shape, [0]), World()
    note(str(node))
    with TemporaryDirectory() as folder:
        run, value = run_sync(ended(node, world, Path(folder)))
    undoes = [each for each in all_of(node) if each.get("undo")]
    assert run.state is RunState.DONE or (undoes and run.state is RunState.FAILED), run.reason
    plain = {each["n"] for each in all_of(node) if undoes and each.get("by") == "plain"}
    assert {n: times for n, times in world.done.items() if times > 1 and n not in plain} == {}
    assert {n: times for n, times in world.asked.items() if times > 1} == {}
    assert {n for n in value if n > 0 and not world.done[n]} == set(), "it was undone, and is handed back"
