"""Journals that are kept as JSON, and runs that are made of them again."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from podium import App
from podium.agents.core_schemas import is_several
from podium.model.fact import Fact, FactKind
from podium.model.generation import restarted_in, versions_in
from podium.model.json import Json, is_object
from podium.model.run import Run, RunState
from podium.store.codec import encode
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import Start
from podium.testing import DrivenClock


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


async def taken_up(app: App, clock: DrivenClock, history: dict[str, Any], last: int) -> tuple[Run, Sequence[Fact]]:
    """Drive a run of which all but the `last` facts are recorded; returns how it stands then, and what is new."""
    facts = facts_of(history)[:-last]
    await app.worker.commits.submit(Start(new_run(history, facts), drive=False))
    await clock.settle()
    return await app.runs.get(history["run"]), (await app.runs.facts(history["run"]))[len(facts) :]


async def ends_as_it_ended(app: App, clock: DrivenClock, history: dict[str, Any], last: int = 1) -> None:
    """Drive a run of which all but the `last` facts are recorded: it has to record these, and nothing else."""
    run, new = await taken_up(app, clock, history, last)
    *others, end = facts_of(history)[-last:]
    kinds = [fact.kind for fact in (*others, end)]
    assert [fact.kind for fact in new] == kinds, f"{run.workflow}: {run.reason or 'it did more'}"
    for one, other in zip(new, (*others, end), strict=True):
        assert one.key == other.key
        assert says_all_of(one.value(), other.value()), f"{run.workflow}: {one.value()}, and was {other.value()}"
    assert (new[-1].body["state"], new[-1].body["reason"]) == (end.body["state"], end.body["reason"])


def says_all_of(value: Json, recorded: Json) -> bool:
    """Whether a value is the recorded one; objects in it, also in texts, may have got further fields since."""
    if is_object(value) and is_object(recorded):
        return all(name in value and says_all_of(value[name], each) for name, each in recorded.items())
    if is_several(value) and is_several(recorded):
        return len(value) == len(recorded) and all(map(says_all_of, value, recorded))
    if isinstance(value, str) and isinstance(recorded, str) and recorded.startswith("{") and value.startswith("{"):
        return says_all_of(json.loads(value), json.loads(recorded))
    return value == recorded
