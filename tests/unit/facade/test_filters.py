"""What a list can be filtered by is what the store's query of it has."""

import sqlite3
from dataclasses import fields
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as some

from podium import App
from podium.errors import InvalidValue, UsageError
from podium.facade.filters import Filters
from podium.facade.questions import QuestionFilters
from podium.facade.reports import ActionFilters, BudgetFilters, CostFilters, DeadLetterFilters
from podium.facade.runs import RunFilters
from podium.reports.dead_letters import DeadLetterQuery
from podium.store.protocol import ActionQuery, BudgetQuery, ConversationQuery, CostQuery, Query, QuestionQuery, RunQuery
from podium.store.tables.pages import given as given_of


@pytest.mark.parametrize(
    ("filters", "query", "apart"),
    [
        (Filters, Query, set[str]()),
        (ActionFilters, ActionQuery, set[str]()),
        (RunFilters, RunQuery, {"concerning"}),  # what an approver may see
        (QuestionFilters, QuestionQuery, {"state"}),  # a parameter of its own: the open ones by default
        (BudgetFilters, BudgetQuery, set[str]()),
        (CostFilters, CostQuery, {"below"}),  # what a workflow asks about itself: `ctx.spent()`
        (DeadLetterFilters, DeadLetterQuery, set[str]()),
    ],
)
def test_every_condition_of_a_query_is_a_filter(filters: type, query: type[Query], apart: set[str]) -> None:
    assert set(get_type_hints(filters)) | apart == {each.name for each in fields(query)}


async def test_a_page_of_nothing_is_refused() -> None:
    async with App.open(":memory:") as app:
        for read in (app.runs.list, app.inbox.list, app.reports.costs, app.reports.dead_letters, app.reports.incidents):
            with pytest.raises(InvalidValue, match="limit is 0"):
                await read(limit=0)


EACH = "x%_\\\"\x01\x7f\u00e9\u2028\U0001f600'\n"
"""Characters that take more than one byte, or are written otherwise where they are stored or looked for."""


async def test_a_text_is_looked_for_up_to_a_bound_whatever_its_characters_are() -> None:
    async with App.open(":memory:") as app:
        reports = app.reports
        lists = (
            app.runs.list, app.inbox.list, app.conversations.list, reports.costs, reports.agents, reports.budgets,
            reports.dead_letters, reports.incidents,
        )  # fmt: skip
        for each in EACH:
            for listed in lists:
                assert list(await listed(text=each * 5_000)) == []
            assert list(await app.conversations.search(each * 5_000)) == []
        for listed in lists:
            with pytest.raises(UsageError, match=r"text of .* expected a text .*of at most 5,000 characters"):
                await listed(text="x" * 5_001)
        with pytest.raises(
            UsageError, match=r"text of .* expected a text .*of at most 5,000 characters, and not empty"
        ):
            await app.conversations.search("x" * 5_001)


@given(some.data())
def test_names_are_listed_by_how_they_begin(data: some.DataObject) -> None:
    names = data.draw(some.sets(some.text("a\ud7ff\ue000\U0010ffff%", min_size=1, max_size=4), min_size=1, max_size=8))
    prefixes = {name[:length] for name in names for length in range(len(name) + 1)}
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE names (name TEXT)")
    connection.executemany("INSERT INTO names VALUES (?)", [(name,) for name in names])
    for prefix in prefixes:
        wanted = given_of(ConversationQuery(prefix=prefix))
        rows = connection.execute("SELECT name FROM names WHERE name >= :prefix AND name < :beyond", wanted).fetchall()
        assert {name for (name,) in rows} == {name for name in names if name.startswith(prefix)}
    connection.close()
