"""Histories that a release recorded must replay for ever: whole, and cut off at every fact."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from podium import App
from podium.model.agent import AnyAgent
from podium.model.fact import Fact, FactKind
from podium.model.generation import restarted_in, versions_in
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.store.codec import decode, encode
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import Start
from podium.store.protocol import Claimed
from podium.testing import DrivenClock
from tests.catalogue.entry import entries
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


def facts_of(history: dict[str, Any]) -> list[Fact]:
    return [
        Fact(seq, FactKind(kind), key, at, epoch, encode(body), None if payload is None else base64.b64decode(payload))
        for seq, kind, key, at, epoch, body, payload in history["facts"]
    ]


def version_after(facts: list[Fact]) -> str:
    """Return the version under which a run goes on after these facts."""
    return next(versions_in(facts))


def run_of(history: dict[str, Any], facts: list[Fact]) -> Run:
    name, run_id = history["workflow"], history["run"]
    return Run(
        id=run_id, workflow=name, version=version_after(facts), state=RunState.RUNNING, epoch=9, queue="default",
        priority=0, created_at=0.0, ended_at=None, wake_at=None, parent=None, root=run_id, tenant="default",
        principal="local", owner=None, facts=0, reason="",
    )  # fmt: skip


def new_run(history: dict[str, Any], facts: list[Fact]) -> NewRun:
    copies = [NewFact(fact.kind, fact.key, fact.at, fact.text, fact.payload) for fact in facts]
    return NewRun(
        id=history["run"], workflow=history["workflow"], version=version_after(facts), queue="default",
        priority=0, tenant="default", principal="local", parent=None, root=history["run"], tag=None,
        at=facts[0].at, started=copies[0], facts=copies[1:],
        generation=1 if (restarted := restarted_in(facts)) is None else restarted[1].generation,
    )  # fmt: skip


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
    *facts, end = facts_of(history)
    clock = DrivenClock(end.at)
    async with App.open(":memory:", agents=agents_of(history), clock=clock) as app:
        await app.worker.commits.submit(Start(new_run(history, facts), drive=False))
        await clock.settle()
        again = await app.runs.facts(history["run"])
        assert [fact.kind for fact in again[len(facts) :]] == [FactKind.ENDED], "it did something that was recorded"
        assert (again[-1].body["state"], again[-1].body["reason"]) == (end.body["state"], end.body["reason"])
        assert again[-1].payload == end.payload


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
