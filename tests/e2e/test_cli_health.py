"""How agents are and what the monitor did, seen from the command line, in real processes."""

from pathlib import Path

import pytest

from tests.e2e.cli import Desk

DESK = """
import asyncio
from pathlib import Path
from podium import App, Context, agent, workflow
from podium.errors import CallFailed, TransportFailed
from podium.model.breaker import Breaker
from podium.model.health import Health
from podium.model.incident import MonitorSettings

def answers() -> bool:
    return Path("up").exists()

def restart() -> None:
    if Path("mends").exists():
        Path("up").touch()

@agent(health=Health(check=answers, every=0.05, restart=restart))
async def search(query: str) -> str:
    return query

@agent(breaker=Breaker(min_calls=1, failures=1.0))
async def quotes(query: str) -> str:
    raise TransportFailed("away")

@workflow
async def asks(ctx: Context, name: str) -> str:
    try:
        return await ctx.call(name, "tea")
    except CallFailed as error:
        return error.type

async def watch() -> None:
    settings = MonitorSettings(every=0.05, max_wait=0.1, restarts=1)
    async with App.open("desk.db", agents=[search], monitor=settings) as app:
        while not any(each.ending or each.question for each in await app.reports.incidents()):
            await asyncio.sleep(0.01)

if __name__ == "__main__":
    asyncio.run(watch())
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("desk.py", DESK)
    return desk


def watch(desk: Desk) -> None:
    ended = desk.python("desk.py")
    assert ended.status == 0, ended.err


def test_the_checks_of_a_file_are_made_and_tell_by_the_exit_status(desk: Desk) -> None:
    ill = desk.podium("health", "desk.py", "--json")
    assert (ill.status, ill.json) == (1, [{"agent": "search", "version": "1", "fault": "its check says no"}])
    desk.write("up", "")
    well = desk.podium("health", "desk.py")
    assert well.status == 0
    assert "well" in well.out


def test_what_a_run_noticed_is_told_to_another_process(desk: Desk) -> None:
    for name in ("search", "quotes"):
        desk.podium("run", "desk.py", "--input", f'"{name}"', "--store", "desk.db")
    found = desk.podium("health", "--json", "--store", "desk.db")
    assert found.status == 1
    assert [(each["agent"], each["what"], each["state"]) for each in found.json] == [
        ("quotes", "breaker", "open"),
        ("search", "health", "ill"),
    ]
    assert "1 of 1 calls failed" in desk.podium("health", "--store", "desk.db").out


def test_an_incident_is_listed_and_shown_and_health_says_that_the_agent_is_well_again(desk: Desk) -> None:
    desk.podium("run", "desk.py", "--input", '"search"', "--store", "desk.db")
    desk.write("mends", "")
    watch(desk)
    [incident] = desk.podium("incidents", "list", "--json", "--store", "desk.db").json
    assert (incident["subject"], incident["ending"]) == ("search", "restarted")
    shown = desk.podium("incidents", "show", "last", "--store", "desk.db").out
    assert "seen: its check says no" in shown
    assert "restart: possible: True; restarted: True" in shown
    assert desk.podium("incidents", "list", "--open", "--store", "desk.db").out == "no incidents\n"
    [heard] = desk.podium("health", "--json", "--store", "desk.db").json
    assert (heard["what"], heard["state"], heard["run"]) == ("health", "well", incident["run"])


def test_an_incident_that_asks_names_its_question(desk: Desk) -> None:
    watch(desk)
    shown = desk.podium("incidents", "show", "last", "--store", "desk.db").out
    [question] = desk.podium("inbox", "list", "--json", "--store", "desk.db").json
    assert shown.endswith(f"next: podium inbox answer {question['question']}\n")
    assert "search 1 cannot work" in desk.podium("inbox", "list", "--store", "desk.db").out
    assert "asks" in desk.podium("incidents", "list", "--store", "desk.db").out
    assert desk.podium("health", "--store", "desk.db").status == 1


def test_a_run_that_is_no_incident_is_refused_with_what_it_is(desk: Desk) -> None:
    desk.podium("run", "desk.py", "--input", '"search"', "--store", "desk.db")
    run = desk.podium("runs", "list", "--json", "--store", "desk.db").json[0]["id"]
    refused = desk.podium("incidents", "show", run, "--store", "desk.db")
    assert refused.status == 1
    assert f"run {run} is of asks and no incident" in refused.err
