"""How a provider that misbehaves ends before Podium is as the documentation says, and no worse than bare."""

import logging
from pathlib import Path

import pytest
from pydantic_ai import models

from tests.e2e.models.behaviours import SHORT
from tests.e2e.models.side_by_side import ALL, tables, tried

PAGE = Path(__file__).parents[3] / "docs/reference/providers.md"


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


@pytest.mark.filterwarnings("ignore")
async def test_some_of_each_sort_end_as_the_page_says(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    page = PAGE.read_text(encoding="utf-8").splitlines()
    for row in await tried([each for each in ALL[::8] if each.silence > SHORT]):
        assert row.line() in page
        assert not row.worse() or row.behaviour.reason


@pytest.mark.system
@pytest.mark.filterwarnings("ignore")  # clients warn of what is wrong with usage, and go on
async def test_each_ends_as_the_page_says_and_no_worse_than_bare(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    rows = await tried(ALL)
    page = PAGE.read_text(encoding="utf-8")
    told = tables(rows)
    assert page[page.index("\n## ") + 1 :].splitlines() == told.splitlines()
    assert {row.behaviour.name for row in rows if row.worse()} == {each.name for each in ALL if each.reason}
    assert not {row.behaviour.name for row in rows if any(end.how == "no end" for end in row.podium.values())}


def test_there_are_enough_of_them_and_each_is_another() -> None:
    assert len({each.id for each in ALL}) == len(ALL) >= 150
