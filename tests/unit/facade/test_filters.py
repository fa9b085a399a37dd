"""What a list can be filtered by is what the store's query of it has."""

from dataclasses import fields
from typing import get_type_hints

import pytest

from podium import App
from podium.errors import InvalidValue
from podium.facade.filters import Filters
from podium.facade.questions import QuestionFilters
from podium.facade.reports import BudgetFilters, CostFilters, DeadLetterFilters
from podium.facade.runs import RunFilters
from podium.reports.dead_letters import DeadLetterQuery
from podium.store.protocol import BudgetQuery, CostQuery, Query, QuestionQuery, RunQuery


@pytest.mark.parametrize(
    ("filters", "query", "apart"),
    [
        (Filters, Query, set[str]()),
        (RunFilters, RunQuery, set[str]()),
        (QuestionFilters, QuestionQuery, {"state"}),  # a parameter of its own: the open ones by default
        (BudgetFilters, BudgetQuery, set[str]()),
        (CostFilters, CostQuery, set[str]()),
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
