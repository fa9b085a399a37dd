"""The page that compares twelve teams says what the script counts, and Podium's twelve do what it says."""

import textwrap
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic_ai.models import override_allow_model_requests

from benchmarks.teams import child, tables
from benchmarks.teams.counting import Size, size
from benchmarks.teams.running import SYSTEMS, program, steps
from benchmarks.teams.script import respond
from benchmarks.teams.teams import TEAMS, Team
from podium.testing import ChatServer

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "side-by-side.md"

teams = pytest.mark.parametrize("team", [pytest.param(team, id=team.name) for team in TEAMS])


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[ChatServer]:
    """Return the scripted model of the test's team, where the programs look for it."""
    team: Team = request.getfixturevalue("team")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with (
        ChatServer(lambda body: respond(body, team.roles)) as served,
        override_allow_model_requests(allow_model_requests=True),
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        yield served


@teams
async def test_a_team_of_podium_does_what_it_should_with_as_many_requests_as_the_page_says(
    team: Team, server: ChatServer
) -> None:
    outcome = ""
    for function, arguments in steps(team):
        loaded = child.loaded(str(program(team, "podium")))
        outcome = await getattr(loaded, function)(*arguments)
    assert outcome == team.outcome
    assert tables.in_page(PAGE, "podium")[team.name] == str(len(server.bodies))


def test_the_page_has_the_tables_as_they_are_counted() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert tables.versions() in page
    assert tables.lines() in page


@teams
def test_every_system_has_a_program_with_the_same_instructions(team: Team) -> None:
    lacking = [
        f"{system}: {role.instructions}"
        for system in SYSTEMS
        for role in team.roles
        if f'"{role.instructions}' not in program(team, system).read_text(encoding="utf-8")
        and not (role.prompts and system == "autogen")  # its orchestrator takes no instructions
        and not (team.name == "plan" and system in {"autogen", "agent_framework"})  # nor do its steps
    ]
    assert lacking == []


def test_what_is_counted_is_code_that_is_no_docstring_and_no_import() -> None:
    source = '''
        """A program."""

        import os
        from a import (
            b,
            c,
        )

        # a comment
        x = """two
        lines"""


        def f(
            y: int,
        ) -> int:
            """Say nothing."""

            return y  # the same
    '''
    assert size(textwrap.dedent(source)) == Size(lines=6, imports=5, tokens=16)


def test_a_member_that_was_not_told_what_it_rests_on_says_so() -> None:
    team = next(each for each in TEAMS if each.name == "sequence")
    body = {"messages": [{"role": "system", "content": team.roles[1].instructions}, {"role": "user", "content": "Tea"}]}
    assert respond(body, team.roles).text.startswith("MISSING")


def test_whoever_was_told_other_instructions_is_unknown() -> None:
    team = next(each for each in TEAMS if each.name == "sequence")
    body = {"messages": [{"role": "system", "content": "Write a sentence about the topic."}]}
    assert respond(body, team.roles).text.startswith("UNKNOWN ROLE")
