"""Where an error came from is recorded with it, and shown to whoever looks."""

import asyncio
import logging
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from podium import Context, Retry, agent, run_sync, workflow
from podium.errors import CallFailed, RunFailed
from podium.model.facts.answers import AnsweredFailed
from podium.model.facts.calls import AttemptFailed
from podium.model.facts.codec import read_content
from podium.model.facts.kind import FactKind
from podium.model.facts.runs import Ended
from podium.model.outcome import cut
from podium.model.traceback import traceback_of
from podium.secrets.masking import MASKING
from tests.unit.engine.bench import Bench

HERE = __file__


def line_of(mark: str) -> int:
    """Return the line of this file that ends with a comment."""
    lines = Path(HERE).read_text(encoding="utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"  # {mark}")]
    return found


def at(mark: str, function: str) -> str:
    return f'  File "{HERE}", line {line_of(mark)}, in {function}'


def look_up(order: str) -> str:
    return {"A1": "paid"}[order]  # looks up


@agent
async def state_of(order: str) -> str:
    try:
        return look_up(order)  # asks
    except KeyError as error:
        raise ValueError(f"there is no order {order}") from error  # raises


@workflow
async def desk(ctx: Context, order: str) -> str:
    return await ctx.call(state_of, order)  # calls


@workflow
async def office(ctx: Context, order: str) -> str:
    return await ctx.call(desk, order)  # enters


@workflow
async def branch_office(ctx: Context, order: str) -> str:
    return await (await ctx.spawn(desk, order)).result()  # waits


IN_AGENT = [
    "ValueError: there is no order B2", at("raises", "state_of"), "Caused by: KeyError: 'B2'", at("asks", "state_of"),
    at("looks up", "look_up"),
]  # fmt: skip
IN_DESK = [
    "podium.errors.CallFailed: state_of failed at 0: ValueError: there is no order B2", at("calls", "desk"),
    *(f"    {line}" for line in IN_AGENT),
]  # fmt: skip


async def failed(bench: Bench, flow: Any, given: Any = "B2", *agents: Any) -> RunFailed:
    """Return what is raised to whoever waits for a run."""
    async with bench.app(flow, *agents) as app:
        with pytest.raises(RunFailed) as caught:
            await app.run(flow, given)
    return caught.value


async def test_a_failed_run_tells_the_users_own_frames_of_workflow_and_agent(bench: Bench) -> None:
    error = await failed(bench, desk)
    assert error.recorded.splitlines() == IN_DESK
    shown = "".join(traceback.format_exception(error))
    assert all(line in shown for line in IN_DESK)


async def test_another_process_tells_the_same(bench: Bench) -> None:
    async with bench.app(desk) as app:
        run = await app.start(desk, "B2")
        with pytest.raises(RunFailed):
            await run.result()
    async with bench.app() as app:
        with pytest.raises(RunFailed) as caught:
            await (await app.handle(run.id)).result()
        letter = await app.reports.dead_letter(run.id)
    assert caught.value.recorded.splitlines() == IN_DESK
    assert letter.traceback.splitlines() == IN_DESK
    assert letter.calls[0].tried[0].traceback.splitlines() == IN_AGENT


async def test_the_trace_goes_through_workflows_inside_and_child_runs(bench: Bench) -> None:
    inner = await failed(bench, office)
    assert at("enters", "office") in inner.recorded
    assert _without_keys(IN_DESK) <= _without_keys(inner.recorded.splitlines())
    child = await failed(bench, branch_office)
    assert at("waits", "branch_office") in child.recorded
    assert _without_keys(IN_DESK) <= _without_keys(child.recorded.splitlines())


def _without_keys(lines: list[str]) -> set[str]:
    return {re.sub(r"failed at [0-9.]+", "failed", line).strip() for line in lines}


async def test_attempts_and_calls_that_are_caught_keep_theirs(bench: Bench) -> None:
    @workflow
    async def forgiving(ctx: Context) -> str:
        with pytest.raises(CallFailed) as caught:
            await ctx.call(state_of, "B2", retry=Retry(attempts=2, delay=0))
        return caught.value.recorded

    async with bench.app(forgiving) as app:
        run = await app.start(forgiving)
        assert (await run.result()).splitlines() == IN_AGENT
        said = [fact.content for fact in await run.facts()]
    kept = [each.traceback.splitlines() for each in said if isinstance(each, AttemptFailed | AnsweredFailed)]
    assert kept == [IN_AGENT, IN_AGENT]


async def test_a_failed_run_is_logged_with_its_trace(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "podium"):
        await failed(bench, desk)
    (record,) = [each for each in caplog.records if "failed" in each.message]
    assert record.levelno == logging.INFO
    assert at("looks up", "look_up") in record.message


def raised(function: Any) -> BaseException:
    """Return what a function raises."""
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - the subject of the test
        return error
    raise AssertionError


def test_members_of_groups_are_told_with_their_frames() -> None:
    def member(order: str) -> None:
        look_up(order)  # in a group

    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_later(member, "B2"))
            group.create_task(_later(member, "C3"))

    told = traceback_of(raised(lambda: run_sync(several()))).splitlines()
    assert told[0].startswith("ExceptionGroup: ")
    assert "Member 1 of 2: KeyError: 'B2'" in told
    assert "Member 2 of 2: KeyError: 'C3'" in told
    assert sum(f"line {line_of('in a group')}, in " in line for line in told) == 2


async def _later(function: Any, *given: Any) -> None:
    function(*given)


def test_what_was_being_handled_is_told_unless_it_was_left_out() -> None:
    def implicit() -> None:
        try:
            look_up("B2")
        except KeyError:
            raise ValueError("no") from None if silent else ValueError("a cause")

    def handled() -> None:
        try:
            look_up("B2")
        except KeyError:
            raise ValueError("no")  # noqa: B904 - the subject of the test

    silent = False
    assert "Caused by: ValueError: a cause" in traceback_of(raised(implicit))
    silent = True
    assert "KeyError" not in traceback_of(raised(implicit))
    assert "Raised while this was handled: KeyError: 'B2'" in traceback_of(raised(handled))


def test_no_line_of_source_and_no_secret_is_in_it() -> None:
    MASKING.learn("t0p-s3cret-t0ken", "env:TOKEN")

    def leaks() -> None:
        raise ValueError(f"{'x' * 1_990} t0p-s3cret-t0ken was refused")

    try:
        told = traceback_of(raised(leaks))
    finally:
        MASKING.forget()
    assert "raise ValueError" not in told
    assert "s3cret" not in told
    assert "*** was refused" in told


def test_frames_of_libraries_are_counted_and_those_of_python_left_out() -> None:
    def validate() -> None:
        run_sync(_later(TypeAdapter(int).validate_python, "x"))

    told = traceback_of(raised(validate))
    assert "asyncio" not in told
    assert "pydantic/type_adapter.py" not in told
    assert "  … 1 of libraries" in told


def test_it_is_bounded_and_both_ends_of_a_message_are_kept() -> None:
    def deep(n: int) -> None:
        if n:
            deep(n - 1)
        raise ValueError(f"first words {'x' * 100_000} last words")

    told = traceback_of(raised(lambda: deep(500)))
    assert len(told) <= 8_000
    assert re.search(r"^ValueError: first words x+…x+ last words$", told, re.MULTILINE)
    assert re.search(r"^  … \d+ more$", told, re.MULTILINE)


def test_a_chain_of_errors_that_bites_its_tail_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert traceback_of(first).splitlines() == ["ValueError: first", "Caused by: ValueError: second"]


@pytest.mark.parametrize("most", [1, 2, 3, 10, 11])
def test_a_text_is_cut_in_its_middle(most: int) -> None:
    found = cut("0123456789", most)
    assert len(found) == min(most, 10)
    assert found == "0123456789" or "…" in found
    assert most < 3 or (found[0], found[-1]) == ("0", "9")


async def test_the_end_of_a_long_reason_is_kept(bench: Bench) -> None:
    @workflow
    async def long(ctx: Context) -> None:
        raise ValueError(f"first words {'x' * 100_000} last words")

    error = await failed(bench, long, None)
    assert str(error).endswith("last words")


def test_facts_of_before_have_none() -> None:
    old = {"outcome": "failed", "kind": "bug", "type": "ValueError", "message": "no"}
    said = read_content(FactKind.ANSWERED, old)
    assert isinstance(said, AnsweredFailed)
    assert said.traceback == ""
    ended = read_content(FactKind.ENDED, {"state": "failed", "reason": "ValueError: no", "causes": []})
    assert isinstance(ended, Ended)
    assert ended.traceback == ""


def test_run_sync_adds_nothing_before_an_error() -> None:
    async def fails() -> None:
        raise ValueError("no")

    error = raised(lambda: run_sync(fails()))
    assert error.__context__ is None
