"""The twelve teams of the peers, each in the environment of its framework: `scripts/install_peers` makes them."""

from pathlib import Path

import pytest

from benchmarks.teams import tables
from benchmarks.teams.running import SYSTEMS, child, installed
from benchmarks.teams.teams import TEAMS

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "side-by-side.md"
LARGE = "crewai"
"""It takes 0.8 GB, so it is run only where somebody installed it."""
PEERS = [system for system in SYSTEMS if system != "podium" and (system != LARGE or installed(system))]

pytestmark = pytest.mark.system


@pytest.mark.parametrize("system", PEERS)
def test_the_teams_of_a_peer_do_what_they_should_with_as_many_requests_as_the_page_says(system: str) -> None:
    assert installed(system), f"{system} is not installed: scripts/install_peers {system}"
    with child(system) as process:
        seen = {team.name: process.run(team) for team in TEAMS}
    assert {name: each.error for name, each in seen.items() if each.error} == {}
    assert {name: each.outcome for name, each in seen.items()} == {team.name: team.outcome for team in TEAMS}
    assert {name: str(each.requests) for name, each in seen.items()} == tables.in_page(PAGE, system)
