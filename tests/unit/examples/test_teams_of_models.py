"""The example teams of language models run as a reader runs them, without a key, and print what the README says."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.forking import commands

TEAMS = Path(__file__).parents[3] / "examples" / "teams"
SAID: dict[str, Sequence[str]] = {
    "newsroom": ["  editor                   $, asked 2 times", "= Closed since 3 May: the old bridge."],
    "incident_room": [
        "    logs                   $",
        "    notes                  $",
        "answer='Payments work again since 12:09.', satisfied=True, rounds=5, replans=1, ended='satisfied'",
    ],
    "travel_desk": [
        "  planner                  $, asked 2 times",
        "failed: podium.errors.NotDone: the Harbour is full",
        "= Night train, seats 41 and 42, and a room at the Anchor.",
        "= Executed(results={'train': 'Seats 43 and 44.'}, replans=1), in part: plan_execute: replans=1 is used up",
    ],
    "help_desk": [
        "    front                  $, asked 2 times",
        "      accounts             $",
        "= We return EUR 18, and the next month is on us.",
    ],
    "reading_circle": ["ended='condition', ended_by=\"reader said 'AGREED' and after 3 turns\""],
    "prize_jury": [
        ", asked 2 times",
        "winner='plain'",
        'have 1 of 2 votes each; chair decided for "The Well".',
        "decision='EUR 4000', by='judge'",
    ],
    "translation_office": [
        "    master                 $",
        "= Now the worm is in it: something is wrong.",
    ],
    "observatory": ["  analyst                  $, asked 2 times", "value='a planet', chosen='centralised'"],
}
"""What each prints, among others, without the figures: they change with every word that a model is told."""


def printed(name: str) -> str:
    command = ["python", "-W", "error", str(TEAMS / f"{name}.py")]
    done = commands.run(command, cwd=TEAMS, env=os.environ, loaded=commands.FRAMEWORKS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def without_figures(text: str) -> str:
    return re.sub(r"\$[\d.]+", "$", text)


@pytest.mark.parametrize("name", SAID)
def test_a_team_does_its_job_and_says_what_it_cost(name: str) -> None:
    told = without_figures(printed(name))
    assert [each for each in SAID[name] if each not in told] == []
    assert told.rstrip().endswith(" in all")


def test_the_readme_shows_what_the_newsroom_prints() -> None:
    page = (TEAMS / "README.md").read_text(encoding="utf-8")
    assert f"```\n{without_figures(printed('newsroom'))}```\n" in without_figures(page)


def test_each_team_that_plays_is_tried() -> None:
    playing = {each.stem for each in TEAMS.glob("*.py") if "from played import" in each.read_text(encoding="utf-8")}
    assert playing == SAID.keys()
