"""`parallel`: the same to many at once, and what they gave joined."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Agent, App, agent
from podium.errors import PatternError, RunFailed
from podium.patterns import Joined, cel, coordinate, parallel, sequence, tree
from podium.testing import failing, hanging, scripted, slow
from tests.examples import examples
from tests.unit.engine.bench import Bench


@agent
async def double(number: int) -> int:
    return number * 2


@agent
async def square(number: int) -> int:
    return number * number


@agent
async def word(text: str) -> str:
    return text


@dataclass
class Page:
    title: str


@agent
async def page(title: str) -> Page:
    return Page(title)


def always(name: str, value: Any, **options: Any) -> Agent[Any, Any]:
    return scripted(name, lambda _: value, **options)


async def run_for(bench: Bench, app: App, made: Any, value: Any, seconds: float) -> Any:
    handle = await app.start(made, value)
    await bench.clock.advance(seconds)
    return await handle.result()


async def test_each_agent_gets_the_same_and_the_values_are_in_their_order(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(double, square, name="p"), 5) == [10, 25]


async def test_they_run_side_by_side(bench: Bench) -> None:
    made = parallel(*(slow(name, 10, then=name, clock=bench.clock) for name in "abc"), name="p")
    async with bench.app() as app:
        assert await run_for(bench, app, made, None, 10) == ["a", "b", "c"]


async def test_values_of_different_types_come_back_as_what_they_are(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(page, word, name="p"), "x") == [Page("x"), "x"]


async def test_the_values_may_be_models_where_a_member_is_only_named(bench: Bench) -> None:
    async with bench.app(word) as app:
        assert await app.run(parallel(page, "word", name="p"), "x") == [{"title": "x"}, "x"]


async def test_the_first_failure_fails_it_and_cancels_the_others(bench: Bench) -> None:
    made = parallel(hanging("slow"), failing("broken"), name="p")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="broken failed at 1"):
            await app.run(made, None)


async def test_over_calls_one_agent_with_each_item(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(over=double, name="p"), [1, 2, 3]) == [2, 4, 6]


async def test_over_an_empty_list_gives_an_empty_list(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(over=double, at_once=2, name="p"), list[int]()) == []
        assert await app.run(parallel(over=double, partial=True, name="q"), list[int]()) == Joined(
            values={}, missing={}
        )


async def test_the_items_of_a_partial_report_are_named_by_their_number(bench: Bench) -> None:
    @agent
    async def half(number: int) -> int:
        if number % 2:
            raise ValueError(f"{number} is odd")
        return number // 2

    async with bench.app() as app:
        report = await app.run(parallel(over=half, partial=True, name="p"), [4, 5, 6])
    assert report.values == {"0": 2, "2": 3}
    assert report.missing == {"1": "half failed at 1: ValueError: 5 is odd"}


async def test_offering_asks_all_who_offer_the_capability_when_it_runs(bench: Bench) -> None:
    team = [always(name, name, capabilities={"sell"}) for name in ("b", "a")]
    made = parallel(offering="sell", partial=True, name="p")
    async with bench.app(*team, always("c", "c", capabilities={"buy"})) as app:
        report: Joined[str] = await app.run(made, "x")
    assert report == Joined(values={"a": "a", "b": "b"}, missing={})


async def test_it_does_not_ask_itself_where_it_offers_what_it_asks_for(bench: Bench) -> None:
    made = parallel(offering="sell", name="p", capabilities={"sell"})
    async with bench.app(always("a", "a", capabilities={"sell"})) as app:
        assert await app.run(made, "x") == ["a"]


async def test_where_nobody_offers_the_capability_nothing_is_decided(bench: Bench) -> None:
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=r"NoDecision: parallel: nobody offers 'sell'\. Register an agent with"):
            await app.run(parallel(offering="sell", name="p"), "x")


async def test_a_run_asks_those_who_offered_it_when_it_started_also_after_it_was_let_go(bench: Bench) -> None:
    early = hanging("early", capabilities={"sell"})
    made = parallel(offering="sell", name="p")
    run = await bench.parked(made, None, early)
    early_now = always("early", "then", capabilities={"sell"})
    late = always("late", "late", capabilities={"sell"})
    assert await bench.result(run, made, early_now, late) == ["then"]


async def test_a_function_merges_the_list_of_values(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(double, square, merge=sum, name="p"), 5) == 35
        assert await app.run(parallel(double, square, merge=cel("values[1] - values[0]"), name="q"), 5) == 15


async def test_what_a_function_merges_may_be_a_model(bench: Bench) -> None:
    def merge(values: list[str]) -> Page:
        return Page("+".join(values))

    async with bench.app() as app:
        assert await app.run(parallel(word, merge=merge, name="p"), "x") == {"title": "x"}


async def test_an_agent_merges_the_task_and_the_values_by_name(bench: Bench) -> None:
    @agent
    async def report(task: int, values: list[int]) -> str:
        return f"{task}: {values}"

    async with bench.app() as app:
        assert await app.run(parallel(double, square, merge=report, name="p"), 5) == "5: [10, 25]"


async def test_an_agent_that_takes_one_thing_merges_the_list(bench: Bench) -> None:
    @agent
    async def total(values: list[int]) -> int:
        return sum(values)

    made = parallel(double, square, merge=total, name="p")
    async with bench.app() as app:
        assert await app.run(made, 5) == 35
    assert made.output.type is int


async def test_an_agent_of_texts_merges_task_and_values_as_text(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(word, merge=sequence(word), name="p"), "x") == 'task:\nx\n\nvalues:\n[\n  "x"\n]'


async def test_the_values_of_a_report_are_merged_too(bench: Bench) -> None:
    made = parallel(double, failing("broken"), square, partial=True, merge=sum, name="p")
    async with bench.app() as app:
        report = await app.run(made, 5)
    assert (report.values, report.merged) == ({"double": 10, "square": 25}, 35)
    assert "broken fails as told" in report.missing["broken"]


async def test_what_is_merged_in_a_report_may_be_a_model(bench: Bench) -> None:
    made = parallel(page, partial=True, merge=coordinate(page), name="p")
    async with bench.app() as app:
        report = await app.run(made, "x")
    assert (report.values, report.merged) == ({"page": Page("x")}, {"title": "x"})


async def test_partial_where_nobody_answers_decides_nothing_and_says_why(bench: Bench) -> None:
    made = parallel(failing("a"), failing("b"), partial=True, name="p")
    why = "parallel: 0 of 2 answered, where 1 had to. a: a failed at 0: .*fails as told; b: b failed at 1"
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=why):
            await app.run(made, None)


async def test_a_quorum_takes_the_first_values_and_cancels_the_others(bench: Bench) -> None:
    team = [slow(name, seconds, then=name, clock=bench.clock) for name, seconds in (("a", 3), ("b", 1), ("c", 2))]
    async with bench.app() as app:
        report = await run_for(bench, app, parallel(*team, quorum=2, name="p"), None, 2)
    assert report == Joined(values={"b": "b", "c": "c"}, missing={"a": "not needed: 2 of 3 had answered"})


async def test_a_quorum_that_cannot_be_reached_any_more_stops_the_others_at_once(bench: Bench) -> None:
    made = parallel(failing("a"), hanging("b"), failing("c"), quorum=2, name="p")
    why = "0 of 3 answered, where 2 had to. a: a failed .*; b: cancelled: 2 of 3 could no longer answer; c: c failed"
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=why):
            await app.run(made, None)


async def test_a_quorum_of_more_than_there_are_items_asks_nobody(bench: Bench) -> None:
    made = parallel(over=scripted("a", lambda x: x, witness=bench.witness), quorum=3, name="p")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=r"parallel: 3 have to answer, and 2 can be asked\. Lower the quorum"):
            await app.run(made, [1, 2])
    assert bench.witness.lines() == []


async def test_a_quorum_with_a_bound_begins_nobody_who_is_not_needed(bench: Bench) -> None:
    team = [slow(name, 1, then=name, clock=bench.clock, witness=bench.witness) for name in "abcd"]
    async with bench.app() as app:
        report = await run_for(bench, app, parallel(*team, quorum=2, at_once=1, name="p"), None, 10)
    assert list(report.values) == ["a", "b"]
    assert bench.witness.count("c") == bench.witness.count("d") == 0


@pytest.mark.parametrize("options", [{}, {"partial": True}, {"quorum": 5}])
async def test_no_more_than_at_once_run_at_the_same_time(bench: Bench, options: dict[str, Any]) -> None:
    running: list[int] = []
    seen: list[int] = []

    @agent
    async def busy(number: int) -> int:
        running.append(number)
        seen.append(len(running))
        await bench.clock.sleep_until(bench.clock.now() + 1)
        running.remove(number)
        return number

    made: Any = parallel(over=busy, at_once=2, name="p", **options)
    async with bench.app() as app:
        await run_for(bench, app, made, [1, 2, 3, 4, 5], 3)
    assert max(seen) == 2


async def test_a_failure_under_a_bound_begins_nobody_else(bench: Bench) -> None:
    made = parallel(failing("a"), always("b", "b", witness=bench.witness), at_once=1, name="p")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="a failed at 0"):
            await app.run(made, None)
    assert bench.witness.lines() == []


async def test_those_that_had_answered_are_not_asked_again_after_it_was_let_go(bench: Bench) -> None:
    team = [always(name, name, witness=bench.witness) for name in "ab"]
    made = parallel(*team, hanging("c"), at_once=2, quorum=3, name="p")
    run = await bench.parked(made)
    again = parallel(*team, always("c", "c"), at_once=2, quorum=3, name="p")
    report: Joined[str] = await bench.result(run, again)
    assert list(report.values) == ["a", "b", "c"]
    assert bench.witness.count("a") == bench.witness.count("b") == 1


async def test_a_tree_merges_neighbours_level_by_level(bench: Bench) -> None:
    @agent
    async def join(values: list[str]) -> str:
        bench.witness.saw(*values)
        return "".join(values)

    made = parallel(over=word, merge=tree(join, width=3), name="p")
    async with bench.app() as app:
        assert await app.run(made, list("abcdefg")) == "abcdefg"
    assert sorted(bench.witness.lines()[:2]) == ["a b c", "d e f"]
    assert bench.witness.lines()[2:] == ["abc def g"]


async def test_the_merges_of_one_level_run_side_by_side_within_the_bound(bench: Bench) -> None:
    join = slow("join", 10, then="x", clock=bench.clock, witness=bench.witness)
    made = parallel(over=word, merge=tree(join, width=2), at_once=2, name="p")
    async with bench.app() as app:
        await app.start(made, list("abcdefgh"))
        await bench.clock.advance(9)
        assert bench.witness.count("join") == 2
        await bench.clock.advance(31)
    assert bench.witness.count("join") == 7


async def test_a_tree_of_one_value_merges_nothing(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(parallel(over=word, merge=tree(failing("join")), name="p"), ["a"]) == "a"


async def test_a_tree_of_nothing_decides_nothing(bench: Bench) -> None:
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="NoDecision: parallel: there is no value to merge: the list was empty"):
            await app.run(parallel(over=word, merge=tree("".join), name="p"), list[str]())


async def test_a_coordinator_is_not_paid_where_the_values_agree(bench: Bench) -> None:
    judge = always("judge", "judged", witness=bench.witness)
    made = parallel(always("a", {"x": 1}), always("b", {"x": 1}), merge=coordinate(judge), name="p")
    async with bench.app() as app:
        assert await app.run(made, None) == {"x": 1}
    assert bench.witness.lines() == []


async def test_a_coordinator_decides_where_they_disagree(bench: Bench) -> None:
    @agent
    async def judge(task: str, values: dict[str, str]) -> str:
        return f"{task}: {values}"

    made = parallel(always("a", "1"), always("b", "2"), merge=coordinate(judge), name="p")
    async with bench.app() as app:
        assert await app.run(made, "x") == "x: {'a': '1', 'b': '2'}"


async def test_a_coordinator_that_takes_one_thing_gets_the_values_by_name(bench: Bench) -> None:
    @agent
    async def judge(values: dict[str, int]) -> int:
        return min(values.values())

    async with bench.app() as app:
        assert await app.run(parallel(double, square, merge=coordinate(judge), name="p"), 5) == 10


async def test_a_rule_may_say_what_agreeing_is(bench: Bench) -> None:
    close = cel("values[0] - values[1] < 20 && values[1] - values[0] < 20")
    made = parallel(double, square, merge=coordinate(failing("judge"), agree=close), name="p")
    async with bench.app() as app:
        assert await app.run(made, 5) == 10


def text_of(values: list[str]) -> str:
    return "".join(values)


@agent
async def taking(task: str) -> str:
    return task


@pytest.mark.parametrize(
    ("agents", "options", "message"),
    [
        ([], {}, "parallel needs one of the three: agents, over=agent, or offering='capability'"),
        ([double], {"over": double}, "parallel needs one of the three"),
        ([double, double], {}, "parallel has double twice among its agents"),
        ([double, word], {}, "double and word are handed the same input, but take different ones"),
        ([double], {"quorum": 2}, "parallel was given quorum=2 and 1 agents: expected at most 1"),
        ([double], {"quorum": 0}, "parallel was given quorum=0: expected at least 1"),
        ([double], {"at_once": 0}, "parallel was given at_once=0: expected at least 1"),
        ([double], {"merge": tree(sum, width=1)}, "tree was given width=1: expected at least 2"),
        ([double], {"merge": text_of}, r"text_of cannot merge what it is given: \[\] is integer, where string"),
        ([double], {"merge": square}, "square cannot merge what it is given: it is array, where integer is taken"),
        ([word], {"merge": tree(parallel(over=word))}, r"cannot merge what it is given: \[\] is array, where string"),
        ([double], {"merge": coordinate(square)}, "square cannot merge what it is given: it is object"),
        ([double], {"merge": coordinate(word, agree=taking)}, "expected a plain function"),
        ([double], {"merge": 5}, "parallel was given 5 as its merger"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(agents: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        parallel(*agents, **options)


def test_it_takes_what_its_agents_take_and_gives_a_list_of_what_they_give() -> None:
    made = parallel(double, square)
    assert (made.input.type, made.output.type) == (int, list[int])
    assert parallel(over=double).input.type == list[int]


def test_its_picture_leads_from_each_to_the_merge() -> None:
    assert parallel(double, square, merge=coordinate(word), name="p").graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["parallel p"]',
        '        n2["double"]',
        '        n3["square"]',
        '        n4["word"]',
        '        n2 -->|"where they disagree"| n4',
        '        n3 -->|"where they disagree"| n4',
        "    end",
    ]


def test_the_picture_of_a_broadcast_says_who_is_asked() -> None:
    assert '["for each: whoever offers sell"]' in parallel(offering="sell").graph()


def test_it_is_written_down_with_its_merge() -> None:
    made = parallel("a", "b", merge=tree("c", width=3), quorum=2)
    assert made.spec() == {"parallel": {"agents": ["a", "b"], "merge": {"merge": "c", "width": 3}, "quorum": 2}}


Ending = tuple[int, bool]
"""After how many seconds one ends, and whether it fails."""


def expected_report(endings: Sequence[Ending], quorum: int) -> tuple[list[str], dict[str, str]]:
    """Work out in another way who answers first, where no two end at the same time."""
    order = sorted(range(len(endings)), key=lambda number: endings[number][0])
    answering = [number for number in order if not endings[number][1]][:quorum]
    last = endings[answering[-1]][0]
    failed = {str(n): "failed" for n in order if endings[n][1] and endings[n][0] < last}
    rest = {str(n): "not needed" for n in order if n not in answering and str(n) not in failed}
    return [str(number) for number in sorted(answering)], {**failed, **rest}


async def quorum_of(folder: Path, endings: Sequence[Ending], quorum: int, at_once: int | None) -> Any:
    bench = Bench(folder)

    @agent
    async def one(number: int) -> int:
        seconds, fails = endings[number]
        await bench.clock.sleep_until(bench.clock.now() + seconds)
        if fails:
            raise ValueError(number)
        return number

    made: Any = parallel(over=one, quorum=quorum, at_once=at_once, name="p")
    async with bench.app() as app:
        handle = await app.start(made, list(range(len(endings))))
        await bench.clock.advance(sum(seconds for seconds, _ in endings) + 1)
        return await handle.result()


@settings(max_examples=examples(40))
@given(
    endings=st.lists(
        st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=8, unique_by=lambda end: end[0]
    ),
    data=st.data(),
)
def test_a_quorum_holds_exactly_the_first_answers_and_why_the_rest_is_missing(
    endings: list[Ending], data: st.DataObject
) -> None:
    good = sum(not fails for _, fails in endings)
    quorum = data.draw(st.integers(1, len(endings)))
    with TemporaryDirectory() as folder:
        if good < quorum:
            with pytest.raises(RunFailed, match=f"{quorum} had to"):
                asyncio.run(quorum_of(Path(folder), endings, quorum, None))
            return
        report: Joined[int] = asyncio.run(quorum_of(Path(folder), endings, quorum, None))
    values, missing = expected_report(endings, quorum)
    assert report.values == {name: int(name) for name in values}
    assert list(report.values) == values
    assert report.missing.keys() == missing.keys()
    for name, why in missing.items():
        assert why in report.missing[name]


@settings(max_examples=examples(25))
@given(
    endings=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=8),
    at_once=st.integers(1, 4),
    data=st.data(),
)
def test_a_quorum_under_a_bound_holds_as_many_as_were_wanted_and_a_reason_for_each_other(
    endings: list[Ending], at_once: int, data: st.DataObject
) -> None:
    good = [str(number) for number, (_, fails) in enumerate(endings) if not fails]
    quorum = data.draw(st.integers(1, max(1, len(good))))
    with TemporaryDirectory() as folder:
        if not good:
            with pytest.raises(RunFailed, match="0 of"):
                asyncio.run(quorum_of(Path(folder), endings, quorum, at_once))
            return
        report: Joined[int] = asyncio.run(quorum_of(Path(folder), endings, quorum, at_once))
    assert len(report.values) == quorum
    assert set(report.values) <= set(good)
    assert report.missing.keys() == {str(n) for n in range(len(endings))} - report.values.keys()
    assert all("failed" in why or why.startswith("not needed") for why in report.missing.values())


async def tree_of(folder: Path, words: list[str], width: int, at_once: int | None) -> str:
    @agent
    async def glue(values: list[str]) -> str:
        assert 2 <= len(values) <= width
        return "".join(values)

    made = parallel(over=word, merge=tree(glue, width=width), at_once=at_once, name="p")
    async with Bench(folder).app() as app:
        return await app.run(made, words)


@settings(max_examples=examples(40))
@given(
    words=st.lists(st.text("abcdef", max_size=3), min_size=1, max_size=40),
    width=st.integers(2, 9),
    at_once=st.none() | st.integers(1, 3),
)
def test_a_tree_of_an_associative_merge_comes_to_the_same_as_a_plain_fold(
    words: list[str], width: int, at_once: int | None
) -> None:
    with TemporaryDirectory() as folder:
        assert asyncio.run(tree_of(Path(folder), words, width, at_once)) == "".join(words)
