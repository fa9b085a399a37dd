"""What a type checker tells users of values, and how much of the package it cannot see.

The `assert_type` of this file are checked by pyright, like all of the tests; running them shows that the values are of
these types too.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_type

import pytest

from podium import Approval, Context, Decision, RunHandle, Task, Workflow, agent, workflow
from podium.engine.calls.call import AgentCall
from podium.patterns import (
    Ballot,
    Chosen,
    Debated,
    Joined,
    Pattern,
    Tiered,
    cascade,
    debate,
    ensemble,
    gate,
    handoff,
    parallel,
    race,
    refine,
    sequence,
    supervisor,
    vote,
)
from tests.unit.engine.bench import Bench

PACKAGE = Path(__file__).parents[2] / "src/podium"
SUPPRESSION = re.compile(r"type: ignore|pyright: ignore|ty: ignore|# noqa|\bcast\(")
UNKNOWN = re.compile(r"\bAny\b")


@dataclass(frozen=True)
class Page:
    title: str
    words: list[str]


@agent
async def read(text: str) -> Page:
    return Page(title=text, words=text.split())


@agent
async def count(page: Page) -> int:
    return len(page.words)


@agent
async def length(text: str) -> int:
    return len(text)


@agent
async def again(page: Page) -> Page:
    return page


@agent
async def judged(draft: Page) -> float:
    return float(len(draft.words))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@workflow
async def alone(ctx: Context) -> str:
    return ctx.run_id


@workflow
async def counted(ctx: Context, text: str) -> int:
    page = await assert_type(ctx.call(read, text), AgentCall[Page])
    assert_type(page, Page)
    return assert_type(await ctx.call(count, page), int)


@workflow
async def joined(ctx: Context, text: str) -> list[int]:
    two = assert_type(await ctx.gather(ctx.call(read, text), ctx.call(length, text)), tuple[Page, int])
    three = assert_type(
        await ctx.gather(ctx.call(length, text), ctx.call(read, text), ctx.call(length, text)), tuple[int, Page, int]
    )
    five = assert_type(await ctx.gather(*(ctx.call(length, text) for _ in range(5))), list[int])
    first = assert_type(await ctx.gather(ctx.call(length, text), quorum=1), list[tuple[int, int]])
    ended = assert_type(await ctx.gather(ctx.call(length, text), return_exceptions=True), list[int | Exception])
    each = assert_type(await ctx.map(length, [text, text]), list[int])
    won = assert_type(await ctx.race(ctx.call(length, text)), int)
    mixed = assert_type(await ctx.race(ctx.call(length, text), ctx.call(read, text)), int | Page)
    assert isinstance(mixed, int | Page)
    assert ended == [two[1]]
    return [two[1], three[0], len(five), first[0][1], len(each), won]


async def never_run(ctx: Context) -> None:
    """What needs people, other runs or the registry; only its types are looked at."""
    assert_type(await ctx.call("named", {"any": "JSON"}), Any)
    assert_type(await ctx.call(Task(capability="reads"), "text"), Any)
    assert_type(await ctx.ask(Approval("Publish?")), Decision)
    assert_type(await ctx.ask("How many?", answer=int), int)
    assert_type(await ctx.signal("paid", int), int)
    assert_type(await ctx.once("stamp", lambda: 1, gives=int), int)
    child = await ctx.spawn(counted, "one two")
    assert_type(await child.result(), int)
    async with ctx.select(ctx.call(length, "one")) as ended:
        async for branch in ended:
            assert_type(branch.value(), int)


async def test_a_workflow_gives_what_its_function_gives(bench: Bench) -> None:
    assert_type(counted, Workflow[str, int])
    assert_type(alone, Workflow[None, str])
    async with bench.app() as app:
        handle = assert_type(await app.start(counted, "one two"), RunHandle[int])
        assert assert_type(await handle.result(), int) == 2
        assert isinstance(assert_type(await app.run(alone), str), str)


async def test_what_is_joined_has_the_types_of_its_branches(bench: Bench) -> None:
    async with bench.app() as app:
        assert assert_type(await app.run(joined, "one two"), list[int]) == [7, 7, 5, 7, 2, 7]


async def test_a_pattern_takes_and_gives_what_its_agents_do(bench: Bench) -> None:
    chain = assert_type(sequence(read, count, name="s"), Pattern[str, int])
    side_by_side = assert_type(parallel(length, length2, name="p"), Pattern[str, list[int]])
    each = assert_type(parallel(over=length, name="o"), Pattern[list[str], list[int]])
    first = assert_type(parallel(length, length2, quorum=1, name="q"), Pattern[str, Joined[int]])
    merged = assert_type(parallel(length, length2, merge=sum, name="m"), Pattern[str, int])
    quickest = assert_type(race(length, length2, name="r"), Pattern[str, int])
    async with bench.app() as app:
        assert assert_type(await app.run(chain, "a b c"), int) == 3
        assert assert_type(await app.run(side_by_side, "abc"), list[int]) == [3, 3]
        assert assert_type(await app.run(each, ["a", "ab"]), list[int]) == [1, 2]
        assert assert_type(await app.run(first, "abc"), Joined[int]).values
        assert assert_type(await app.run(merged, "abc"), int) == 6
        assert assert_type(await app.run(quickest, "abc"), int) == 3


@agent
async def length2(text: str) -> int:
    return len(text)


async def test_a_pattern_of_agents_with_parts_gives_a_value_of_its_own_type(bench: Bench) -> None:
    best = assert_type(refine(read, judged, until=lambda score: score > 0, name="b"), Pattern[object, Page])
    passed = assert_type(gate(lambda page: bool(page.words), worker=read, name="g"), Pattern[object, Page])
    polled = assert_type(vote(length, length2, name="v"), Pattern[object, Ballot[int]])
    chosen = assert_type(ensemble(length, length2, judge=float, name="e"), Pattern[object, Chosen[int]])
    tiered = assert_type(cascade(length, length2, confident=bool, name="c"), Pattern[object, Tiered[int]])
    assert_type(debate(length, length2, name="d"), Pattern[object, Debated[int]])
    async with bench.app() as app:
        assert assert_type(await app.run(best, "a b"), Page) == Page("a b", ["a", "b"])
        assert assert_type(await app.run(passed, "a b"), Page) == Page("a b", ["a", "b"])
        assert assert_type(await app.run(polled, "abc"), Ballot[int]).decision == 3
        assert assert_type(await app.run(chosen, "abc"), Chosen[int]).value == 3
        assert assert_type(await app.run(tiered, "abc"), Tiered[int]).value == 3


def test_a_pattern_of_named_agents_gives_anything() -> None:
    assert_type(sequence("a", "b", name="s"), Pattern[Any, Any])
    assert_type(race("a", "b", name="r"), Pattern[Any, Any])
    assert_type(cascade("a", "b", confident=bool, name="c"), Pattern[object, Tiered[Any]])
    assert_type(gate(bool, name="g"), Pattern[Any, Any])
    assert_type(handoff("a", "b", name="h"), Pattern[object, Any])
    assert_type(handoff("a", "b", gives=Page, name="h"), Pattern[object, Page])
    assert_type(supervisor("a", ["b"], gives=int, name="w"), Pattern[object, int])


def test_a_pattern_that_takes_anything_stands_where_a_workflow_of_texts_is_wanted() -> None:
    wanted: Workflow[str, Page | int] = refine(read, judged, until=bool, name="b")
    inside: Pattern[str, int] = sequence(read, gate(bool, worker=again, name="g"), count, name="s")
    assert (wanted.card.name, inside.card.name) == ("b", "s")


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), path.read_text(encoding="utf-8")


def a_thousand_lines(pattern: re.Pattern[str]) -> float:
    texts = [text for _, text in modules()]
    return 1000 * sum(len(pattern.findall(text)) for text in texts) / sum(text.count("\n") for text in texts)


def test_little_of_the_package_is_suppressed() -> None:
    assert a_thousand_lines(SUPPRESSION) <= 1.5


def test_little_of_the_package_is_unknown_to_the_type_checker() -> None:
    assert a_thousand_lines(UNKNOWN) <= 6


def types_of(module: ast.Module) -> Iterator[str]:
    """Give the names of the classes and aliases at the top of a module; constants and type variables are none."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_alias(name, value):
                yield name
            case _:
                pass


def is_alias(name: str, value: ast.expr) -> bool:
    return bool(re.fullmatch(r"_?[A-Z]\w*[a-z]\w*", name)) and isinstance(value, ast.Subscript | ast.BinOp | ast.Name)


def test_no_two_types_have_the_same_name() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path, text in modules():
        for name in types_of(ast.parse(text)):
            found[name].append(path.as_posix())
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_types_are_found_however_they_are_written() -> None:
    text = "class A: ...\nB = A | int\n_Cc = list[A]\nD: TypeAlias = Any\nT = TypeVar('T')\nMOST: Final = 3\nN = int\n"
    assert list(types_of(ast.parse(text.replace("N = int", "Name = int")))) == ["A", "_Cc", "D", "Name"]
