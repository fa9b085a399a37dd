"""Questions that an older version asked: what can be compared is, and what cannot is told."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from podium import App, Context, run_sync, workflow
from podium.model.audit import Audit
from podium.model.fact import Fact, FactKind
from podium.reports.question_audit import QuestionAudit
from podium.store.codec import encode
from podium.store.sqlite.store import SqliteStore


@workflow
async def waits(ctx: Context) -> str:
    return await ctx.ask("Well?", answer=str, to="boss")


async def asked(path: Path) -> None:
    async with App.open(path, agents=[waits]) as app:
        await app.start(waits, id="run_1")
        while not (await app.inbox.list()).items:
            await asyncio.sleep(0)


def as_older(facts: Sequence[Fact]) -> list[Fact]:
    return [
        replace(fact, text=encode({name: each for name, each in fact.body.items() if name != "digest"}))
        if fact.kind is FactKind.QUESTION else fact for fact in facts
    ]  # fmt: skip


def audited(path: Path) -> Audit:
    store, found = SqliteStore(str(path)), Audit()
    try:
        run = run_sync(store.run("run_1"))
        assert run is not None
        facts = as_older(store.ledger.read("run_1").facts)
        QuestionAudit(found).check(run, facts, [], store.ledger.questions("run_1"))
    finally:
        store.close()
    return found


@pytest.mark.parametrize(
    "forged", ["key = 'other'", "tenant = 'acme'", "principal = 'eve'", "text = 'Ill?'", "\"to\" = 'eve'"]
)
def test_what_facts_say_of_them_is_compared(tmp_path: Path, forged: str) -> None:
    path = tmp_path / "a.db"
    run_sync(asked(path))
    found = audited(path)
    assert found.faults == []
    assert [said for said in found.unproved if "1 of its questions were asked by an older version" in said]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE questions SET {forged}")
    assert [fault.what for fault in audited(path).faults if "is not what the run asked" in fault.what]
