"""`podium run --budget-usd`, `podium budgets` and `podium costs`, in real processes."""

from pathlib import Path

import pytest

from tests.e2e.cli import Desk

SHOP = """
from podium import CallError, Context, agent, workflow


@agent(usd=0.02)
async def buy(what: str) -> str:
    return f"a {what}"


@workflow
async def shop(ctx: Context, wanted: list[str]) -> int:
    bought = await ctx.map(buy, wanted, return_exceptions=True)
    return sum(not isinstance(each, CallError) for each in bought)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("shop.py", SHOP)
    return desk


def test_a_run_with_a_budget_stops_where_it_is_used_up_and_the_books_say_so(desk: Desk) -> None:
    ended = desk.podium("run", "shop.py", "--input", '["hat", "coat", "bag"]', "--budget-usd", "0.05")
    assert ended.out == "2\n"
    [state] = desk.podium("budgets", "--json").json
    assert (state["limit"]["usd"], state["spent"]["usd"], state["set_aside"]["usd"]) == (0.05, 0.04, 0.0)
    assert "$0.04" in desk.podium("budgets", "run:").out
    rows = {row["part"]: row for row in desk.podium("costs", "--by", "agent", "--run", "last", "--json").json}
    assert rows["buy"]["calls"] == 3
    assert "PER DONE" in desk.podium("costs", "--by", "workflow").out


BROKEN = """
from podium import Context, agent, workflow
from podium.errors import CallFailed


@agent(usd=0.5)
async def breaks(_: str) -> str:
    raise ValueError("what?")


@workflow
async def tries(ctx: Context) -> str:
    try:
        return await ctx.call(breaks, "x")
    except CallFailed:
        return "failed"
"""


def test_what_is_in_doubt_is_given_back_by_who_says_why(desk: Desk) -> None:
    desk.write("broken.py", BROKEN)
    desk.podium("run", "broken.py", "--budget-usd", "1")
    [cost] = desk.podium("costs", "--by", "run", "--json").json
    assert (cost["usd"], cost["in_doubt_usd"]) == (0.0, 0.5)
    said = desk.podium("budgets", "correct", "last", "--usd", "0.2", "--why", "not on the invoice", "--by", "ann")
    assert said.out == f"run {cost['part']}: $0.2 given back\n"
    [state] = desk.podium("budgets", "list", "--json").json
    [cost] = desk.podium("costs", "--by", "agent", "--json").json
    assert (state["spent"]["usd"], state["in_doubt_usd"], cost["in_doubt_usd"]) == (0.3, 0.3, 0.3)
    too_much = desk.podium("budgets", "correct", "last", "--usd", "0.4", "--why", "greed")
    assert too_much.status == 1
    assert "has $0.3 in doubt: no more can be given back" in too_much.err
    told = desk.podium("runs", "show", f"{cost_run(desk)}.correction.0", "--facts").out
    assert "ann" in told
    assert "not on the invoice" in told


def cost_run(desk: Desk) -> str:
    [cost] = desk.podium("costs", "--by", "run", "--json").json
    return cost["part"]


def test_a_budget_goes_with_one_new_run_only(desk: Desk) -> None:
    ended = desk.podium("run", "shop.py", "--resume", "last", "--budget-usd", "1")
    assert ended.status == 2
    assert "--budget-usd is for one new run" in ended.err


def test_a_day_that_is_none_is_told(desk: Desk) -> None:
    desk.podium("run", "shop.py", "--input", "[]")
    assert "expected 2026-03-31" in desk.podium("costs", "--since", "yesterday").err


ANSWERS = """
from podium import Context, agent, workflow
from podium.model.cache import CacheByMeaning
from podium.testing import HashedEmbedder


@agent(usd=0.02, cache=CacheByMeaning(embed=HashedEmbedder(), above=0.8))
async def knows(question: str) -> str:
    return f"about {question}"


@workflow
async def ask(ctx: Context, question: str) -> str:
    return await ctx.call(knows, question)
"""


def test_what_a_kept_answer_saved_stands_in_the_costs_and_where_it_came_from_in_the_run(desk: Desk) -> None:
    desk.write("answers.py", ANSWERS)
    desk.podium("run", "answers.py", "--input", '"How can I pay my bill?"')
    assert "SAVED" not in desk.podium("costs").out
    ended = desk.podium("run", "answers.py", "--input", '"How can I pay my bills?"')
    assert ended.out == "about How can I pay my bill?\n"
    [row] = desk.podium("costs", "--run", "last", "--json").json
    assert (row["usd"], row["saved_usd"]) == (0.0, 0.02)
    assert "SAVED" in desk.podium("costs").out
    shown = desk.podium("runs", "show", "last").out
    assert "cache: " in shown
    assert "similarity 0.9" in shown
