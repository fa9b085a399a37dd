"""`blackboard`: agents act on a shared board when their condition holds."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import App, agent
from podium.errors import PatternError, RunFailed
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns import Board, Watcher, blackboard, cel, watch
from podium.patterns.parts.board import Entries
from podium.testing import CountingIds, DrivenClock, failing, hanging, scripted
from tests.examples import examples
from tests.unit.engine.bench import Bench

Entry = dict[str, Json]


def posts(name: str, *posted: Json) -> AnyAgent:
    return scripted(name, list(posted))


def timed(clock: DrivenClock, name: str, posted: Callable[[Entry], Entry], *seconds: float) -> AnyAgent:
    """Return an agent that takes so many seconds, act by act, before it posts what it makes of the board it saw."""
    durations = list(seconds)

    async def act(board: Entry) -> Entry:
        made = posted(board)
        await clock.sleep_until(clock.now() + (durations.pop(0) if durations else 1))
        return made

    return agent(name=name)(act)


def has(*keys: str, none: Sequence[str] = ()) -> Callable[[Entry], bool]:
    return lambda board: all(key in board for key in keys) and not any(key in board for key in none)


async def end_of(bench: Bench, *watchers: Watcher, board: Entry | None = None, **options: Any) -> Board:
    made = blackboard(*watchers, name="board", **options)
    async with bench.app() as app:
        handle = await app.start(made, board or {})
        await bench.clock.advance(1_000)
        return await handle.result()


# Who acts, and on what


async def test_watchers_act_when_their_condition_holds_until_nobody_has_anything_to_do(bench: Bench) -> None:
    facts = watch(posts("facts", {"facts": "f"}), when=has("task", none=["facts"]))
    text = watch(posts("text", {"text": "t"}), when=cel("'facts' in board && !('text' in board)"))
    board = await end_of(bench, text, facts, board={"task": "tea"})
    assert board == Board(entries={"task": "tea", "facts": "f", "text": "t"}, ended="quiescence", acts=2)


async def test_a_board_on_which_nobody_acts_ends_as_it_is(bench: Bench) -> None:
    board = await end_of(bench, watch(posts("idle"), when=has("never")), board={"task": "tea", "nothing": None})
    assert board == Board(entries={"task": "tea"}, ended="quiescence", acts=0)


async def test_a_watcher_is_handed_the_board_whole_or_as_a_parameter_or_as_text(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def named(board: Entry, hint: str = "none") -> Entry:
        seen.append((board, hint))
        return {"a": 1}

    @agent
    async def read(text: str) -> Entry:
        seen.append(text)
        return {"b": 1}

    await end_of(bench, watch(named, when=has(none="a")), watch(read, when=has("a", none="b")), board={"x": 1})
    assert seen == [({"x": 1}, "none"), 'board:\n{\n  "x": 1,\n  "a": 1\n}']


async def test_a_watcher_acts_again_on_a_changed_board_and_never_on_one_on_which_it_acted(bench: Bench) -> None:
    on = watch(posts("on", {"light": "on"}), when=cel("board.light == 'off'"))
    off = watch(posts("off", {"light": "off"}), when=cel("board.light == 'on'"))
    assert await end_of(bench, on, off, board={"light": "off"}) == Board(
        entries={"light": "off"}, ended="quiescence", acts=2
    )


async def test_what_it_posted_itself_is_a_change_too(bench: Bench) -> None:
    count = scripted("count", lambda board: {"n": board["n"] + 1})
    assert (await end_of(bench, watch(count, when=cel("board.n < 3")), board={"n": 0})).entries == {"n": 3}


async def test_posting_what_is_there_already_or_nothing_is_no_change(bench: Bench) -> None:
    board = await end_of(
        bench,
        watch(posts("same", {"n": 0}), when=has("n")),
        watch(posts("none", None), when=has("n")),
        board={"n": 0},
    )
    assert board == Board(entries={"n": 0}, ended="quiescence", acts=2)


async def test_none_takes_an_entry_off_the_board(bench: Bench) -> None:
    board = await end_of(bench, watch(posts("clean", {"dirt": None}), when=has("dirt")), board={"dirt": 1, "n": 2})
    assert board.entries == {"n": 2}


async def test_once_acts_once(bench: Bench) -> None:
    count = scripted("count", lambda board: {"n": board["n"] + 1})
    assert (await end_of(bench, watch(count, when=has("n"), once=True), board={"n": 0})).acts == 1


async def test_acts_run_side_by_side_and_one_at_a_time_for_each_watcher(bench: Bench) -> None:
    log: list[str] = []

    def logging(name: str, seconds: float) -> Watcher:
        def note(board: Entry) -> Entry:
            log.append(f"{name} at {bench.clock.now() - start:g}")
            return {name: board.get(name, 0) + 1}

        return watch(timed(bench.clock, name, note, seconds, seconds), when=cel(f"!('{name}' in board)"))

    start = bench.clock.now()
    board = await end_of(bench, logging("slow", 5), logging("fast", 2))
    assert log == ["slow at 0", "fast at 0"]
    assert board == Board(entries={"fast": 1, "slow": 1}, ended="quiescence", acts=2)


async def test_at_most_at_once_run_and_who_has_waited_longest_comes_first(bench: Bench) -> None:
    def one(name: str) -> Watcher:
        return watch(scripted(name, lambda board: {"log": board["log"] + name}), when=cel("size(board.log) < 6"))

    board = await end_of(bench, one("a"), one("b"), one("c"), board={"log": ""}, at_once=1)
    assert board == Board(entries={"log": "abcabc"}, ended="quiescence", acts=6)


# No lost update


async def test_an_entry_that_was_changed_meanwhile_is_not_overwritten_but_acted_on_afresh(bench: Bench) -> None:
    def add(name: str, seconds: float) -> Watcher:
        by = timed(bench.clock, name, lambda board: {"n": board["n"] + 1, name: True}, seconds)
        return watch(by, when=has("n", none=[name]))

    board = await end_of(bench, add("fast", 1), add("slow", 2), board={"n": 0})
    assert board == Board(entries={"n": 2, "fast": True, "slow": True}, ended="quiescence", acts=3)


async def test_nothing_of_an_act_that_came_too_late_is_posted_and_it_is_not_repeated_where_it_is_not_needed(
    bench: Bench,
) -> None:
    fast = watch(timed(bench.clock, "fast", lambda _: {"text": "fast"}, 1), when=has(none=["text"]))
    slow = watch(timed(bench.clock, "slow", lambda _: {"text": "slow", "more": 1}, 2), when=has(none=["text"]))
    assert await end_of(bench, fast, slow) == Board(entries={"text": "fast"}, ended="quiescence", acts=2)


async def test_a_changed_entry_is_merged_where_its_key_has_a_function_for_that(bench: Bench) -> None:
    def found(name: str, seconds: float) -> Watcher:
        return watch(timed(bench.clock, name, lambda _: {"found": [name]}, seconds), when=has(), once=True)

    board = await end_of(bench, found("b", 2), found("a", 1), merge={"found": cel("old + new")})
    assert board == Board(entries={"found": ["a", "b"]}, ended="quiescence", acts=2)


def test_an_entry_taken_off_meanwhile_is_a_change_and_never_merged() -> None:
    entries = Entries({"n": 1}, {"n": max})
    seen = entries.snapshot()
    assert entries.post(seen, {"n": None})
    assert not entries.post(seen, {"n": 2})
    assert entries.snapshot().entries == {}


def test_true_is_not_one() -> None:
    entries = Entries({"n": 1}, {})
    entries.post(entries.snapshot(), {"n": True})
    assert entries.snapshot().entries["n"] is True


@settings(max_examples=examples(60))
@given(
    durations=st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=2, max_size=4),
    shared=st.sampled_from([["n"], ["by"], ["n", "by"]]),
)
def test_no_update_is_lost_however_acts_are_interleaved(durations: list[list[int]], shared: list[str]) -> None:
    """Each act adds 1 to a shared count, or its name to a shared list, and 1 to a count of its own."""

    async def play() -> Board:
        clock = DrivenClock(moment=0)

        def adder(name: str, seconds: Sequence[int]) -> Watcher:
            def add(board: Entry) -> Entry:
                made = {"n": board["n"] + 1, "by": [*board["by"], name]}
                return {key: made[key] for key in shared} | {name: board.get(name, 0) + 1}

            wanted = len(seconds)
            return watch(timed(clock, name, add, *seconds), when=lambda board: board.get(name, 0) < wanted)

        made = blackboard(*(adder(f"w{n}", each) for n, each in enumerate(durations)), acts=500, name="b")
        async with App.open(":memory:", clock=clock, ids=CountingIds()) as app:
            first: Entry = {"n": 0, "by": []}
            handle = await app.start(made, first)
            await clock.advance(1_000)
            return await handle.result()

    board = asyncio.run(play())
    own = [board.entries[f"w{n}"] for n in range(len(durations))]
    assert board.ended == "quiescence"
    assert own == [len(each) for each in durations]
    if "n" in shared:
        assert board.entries["n"] == sum(own)
    if "by" in shared:
        assert sorted(board.entries["by"]) == [f"w{n}" for n, count in enumerate(own) for _ in range(count)]


# How it ends


async def test_a_decision_ends_it_and_cancels_the_acts_that_run(bench: Bench) -> None:
    done = watch(timed(bench.clock, "done", lambda _: {"done": True}, 1), when=has(none=["done"]))
    stuck = watch(hanging("stuck"), when=has(none=["done"]))
    board = await end_of(bench, done, stuck, until=cel("'done' in board"))
    assert board == Board(entries={"done": True}, ended="decision", acts=2, ended_by="the rule 'done' in board holds")


async def test_a_board_that_is_decided_from_the_start_calls_nobody(bench: Bench) -> None:
    board = await end_of(bench, watch(posts("idle"), when=has()), until=has(), board={"n": 1})
    assert board == Board(entries={"n": 1}, ended="decision", acts=0, ended_by="the rule holds")


async def test_where_the_acts_are_used_up_what_was_posted_is_kept(bench: Bench) -> None:
    count = scripted("count", lambda board: {"n": board["n"] + 1})
    slow = watch(timed(bench.clock, "slow", lambda _: {"slow": True}, 5), when=has(none=["slow"]))
    board = await end_of(bench, watch(count, when=has("n")), slow, board={"n": 0}, acts=4)
    assert board == Board(entries={"n": 3, "slow": True}, ended="bound", acts=4)


async def test_a_last_act_that_leaves_nothing_to_do_is_no_bound(bench: Bench) -> None:
    board = await end_of(bench, watch(posts("one", {"n": 1}), when=has(none=["n"])), acts=1)
    assert board.ended == "quiescence"


async def test_a_watcher_that_fails_fails_the_board(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="bad fails as told"):
        await end_of(bench, watch(failing("bad"), when=has()), watch(hanging("other"), when=has()))


async def test_a_watcher_that_gives_no_mapping_gave_a_bad_answer(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="odd, its watcher, gave what cannot be read"):
        await end_of(bench, watch(posts("odd", "text"), when=has()), corrections=0)


async def test_it_goes_on_after_a_restart_and_acts_that_were_posted_are_not_repeated(bench: Bench) -> None:
    def witnessed(name: str, seconds: float) -> Watcher:
        def add(board: Entry) -> Entry:
            bench.witness.saw(name)
            return {"n": board["n"] + 1, name: True}

        return watch(timed(bench.clock, name, add, *[seconds] * 4), when=has("n", none=[name]))

    made = blackboard(witnessed("fast", 1), witnessed("slow", 10), name="b")
    async with bench.app(made) as app:
        handle = await app.start(made, {"n": 0})
        await bench.clock.advance(2)
    board = made.output.load(await bench.result(handle.id, made, seconds=100))
    assert board == Board(entries={"n": 2, "fast": True, "slow": True}, ended="quiescence", acts=3)
    assert (bench.witness.count("fast"), bench.witness.count("slow")) == (1, 3)


# What is refused when it is built


@pytest.mark.parametrize(
    ("watchers", "options", "message"),
    [
        ([], {}, "needs at least 1 watchers, got 0"),
        ([posts("a")], {}, r"say when it is to act, watch\(agent, when=…\)"),
        ([watch(posts("a"), when=bool), watch(posts("a"), when=bool)], {}, "a twice among its watchers"),
        ([watch(posts("a"), when=cel("task == ''"))], {}, "uses task: here it may use board"),
        ([watch(posts("a"), when=bool)], {"until": cel("n > 1")}, "uses n: here it may use board"),
        ([watch(posts("a"), when=bool)], {"merge": {"n": cel("a + b")}}, "uses a: here it may use old and new"),
        ([watch(posts("a"), when=bool)], {"acts": 0}, "acts=0: expected at least 1"),
        ([watch(posts("a"), when=bool)], {"at_once": 0}, "at_once=0: expected at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(
    watchers: list[Watcher], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PatternError, match=message):
        blackboard(*watchers, **options)


def test_an_agent_that_gives_no_mapping_is_refused() -> None:
    @agent
    async def text(board: Entry) -> str:
        return str(board)

    with pytest.raises(PatternError, match="text does not give what its watcher has to give"):
        blackboard(watch(text, when=bool))


def test_its_picture_has_the_board_in_the_middle_and_it_is_written_down() -> None:
    made = blackboard(watch(posts("a"), when=cel("board.n > 1")), watch(posts("b"), when=bool, once=True), name="b")
    assert made.graph().splitlines()[2:-1] == [
        '        n2(["the board"])',
        '        n3["a"]',
        '        n4["b"]',
        '        n2 -->|"board.n #gt; 1"| n3',
        '        n2 -->|"bool"| n4',
        "        n3 --> n2",
        "        n4 --> n2",
    ]
    assert made.spec() == {
        "blackboard": {
            "watchers": [
                {"agent": "a", "when": "board.n > 1"},
                {"agent": "b", "when": "builtins:bool", "once": True},
            ],
            "name": "b",
        }
    }
