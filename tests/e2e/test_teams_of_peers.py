"""The twelve teams of the peers, each in the environment of its framework: `scripts/install_peers` makes them."""

from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.teams import tables
from benchmarks.teams.running import SYSTEMS, Child, installed
from benchmarks.teams.teams import TEAMS, Team

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "side-by-side.md"
LARGE = "crewai"
"""It takes 0.8 GB, so it is run only where somebody installed it."""
PEERS = [system for system in SYSTEMS if system != "podium" and (system != LARGE or installed(system))]

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("teams of peers")]


@pytest.fixture(scope="module")
def processes() -> Generator[dict[str, Child]]:
    """Return the processes of the frameworks that were asked for, each of which imports its framework once."""
    started: dict[str, Child] = {}
    yield started
    for each in started.values():
        each.close()


def of(system: str, processes: dict[str, Child]) -> Child:
    if system not in processes:
        assert installed(system), f"{system} is not installed: scripts/install_peers {system}"
        processes[system] = Child(system)
    return processes[system]


@pytest.mark.parametrize("team", [pytest.param(team, id=team.name) for team in TEAMS])
@pytest.mark.parametrize("system", PEERS)
def test_a_team_of_a_peer_does_what_it_should_with_as_many_requests_as_the_page_says(
    system: str, team: Team, processes: dict[str, Child]
) -> None:
    seen = of(system, processes).run(team)
    assert (seen.error, seen.outcome) == ("", team.outcome)
    assert tables.in_page(PAGE, system)[team.name] == str(seen.requests)
