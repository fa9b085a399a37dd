"""Histories that a release recorded must replay for ever: whole, and cut off at every fact."""

import json
from pathlib import Path
from typing import Any

import pytest

from podium import App
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.store.codec import decode, encode
from podium.store.protocol import Claimed
from podium.testing import DrivenClock
from tests.catalogue.entry import entries
from tests.replay.journals import ends_as_it_ended, facts_of, run_of
from tests.replay.programs import AGENTS
from tests.replay.teams import TEAMS, name_of

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
REPLAYED = [path for path in HISTORIES if path.stem != "redacted"]
"""What was redacted can be read, and not go on."""
OF_TEAMS = {name_of(pattern): [team] for pattern, team in TEAMS.items()}


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def agents_of(history: dict[str, Any]) -> list[AnyAgent]:
    """Return those who take part: teams have agents of the same names as the other workflows."""
    return OF_TEAMS.get(history["workflow"], AGENTS)


@pytest.mark.parametrize("path", REPLAYED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_every_beginning_of_a_recorded_history_replays(path: Path) -> None:
    history = read(path)
    facts = facts_of(history)
    async with App.open(":memory:", agents=agents_of(history), clock=DrivenClock(facts[-1].at)) as app:
        for end in range(1, len(facts) + 1):
            mismatch = await app.worker.replays(Claimed(1, run_of(history, facts[:end]), 0, facts[:end], []))
            assert mismatch == "", f"cut after fact {end - 1}: {mismatch}"


@pytest.mark.parametrize("path", REPLAYED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_recorded_history_ends_as_it_ended(path: Path) -> None:
    history = read(path)
    clock = DrivenClock(facts_of(history)[-1].at)
    async with App.open(":memory:", agents=agents_of(history), clock=clock) as app:
        await ends_as_it_ended(app, clock, history)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recorded_fact_says_as_a_class_what_it_says_as_json(path: Path) -> None:
    for fact in facts_of(read(path)):
        said: Json = decode(fact.content.encoded)
        said.pop("error_type", None)  # which was not stored, and is read from the reason
        assert encode(said) == fact.text, f"fact {fact.seq}"


def test_there_are_histories_of_every_pattern() -> None:
    assert {name_of(pattern) for pattern in entries()} <= {path.stem for path in HISTORIES}


def test_there_are_histories_with_every_kind_of_fact() -> None:
    assert {fact.kind for path in HISTORIES for fact in facts_of(read(path))} == set(FactKind)
