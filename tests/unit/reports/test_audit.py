"""A store that was tampered with is found out, and one that was not is left in peace."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random, randrange

import pytest

from podium import App, Context, agent, human, workflow
from podium.app import run_sync
from podium.errors import RunFailed
from podium.model.audit import Anchor, Audit, AuditSettings, Seal
from podium.model.fact import FactKind
from podium.operations.signing import Checker, Signer
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock
from tests.unit.reports.tampering import ALL, Tamper

SECRET, PUBLIC = Signer.new()
os.environ["TEST_AUDIT_KEY"] = SECRET
KEY = AuditSettings(key="env:TEST_AUDIT_KEY", every=3_600.0)


@agent
async def add(n: int) -> int:
    return n + 1


@workflow
async def errand(ctx: Context, n: int) -> int:
    await ctx.sleep(1)
    return await ctx.call(add, n)


@workflow
async def desk(ctx: Context, n: int) -> int:
    for _ in range(n % 3 + 1):
        n = await ctx.call(add, n)
    child = await ctx.spawn(errand, n)
    if n % 5 == 0:
        raise ValueError("no fives")
    return await child.result() + await ctx.call(errand, n)


boss = human("boss", text="Well?", answer=str)


@workflow
async def waits(ctx: Context) -> str:
    await ctx.once("page", lambda: "page" * 10_000)
    return await ctx.call(boss, None)


def seal(store: SqliteStore, at: float) -> Seal:
    sealed = Signer(SECRET).seal(*store.ledger.last(), at)
    store.ledger.seal(sealed)
    return sealed


async def fill(path: Path) -> list[Seal]:
    """Fill a store in two days, sealed after each, with redactions; a copy of it is kept as it was in between."""
    clock, anchor = DrivenClock(), list[Seal]()
    for day in range(2):
        async with App.open(path, agents=[desk, errand, waits], clock=clock, audit=KEY) as app:
            handles = [await app.start(desk, day * 10 + n, tenant="acme") for n in range(6)]
            await app.start(waits)
            asked = await app.start(waits)
            await clock.advance(60)
            await app.inbox.answer((await app.inbox.list(run=asked.id))[0].id, "well", by="ann")
            for handle in handles:
                try:
                    await handle.result()
                except RunFailed:
                    await app.operations.fork(handle.id, "0")
            await clock.advance(60)
            await app.operations.redact(handles[1].id, by="ann", why="asked for")
            await app.operations.redact(handles[0].id, by="ann", why="asked for")
        store = SqliteStore(str(path))
        anchor.append(seal(store, float(day)))
        store.close()
        if day == 0:
            shutil.copy(path, path.with_name("older.db"))
    return anchor


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Seal]]:
    path = tmp_path_factory.mktemp("audit") / "podium.db"
    return path, asyncio.run(fill(path))


def audited(path: Path, anchor: list[Seal] | None) -> Audit:
    store = SqliteStore(str(path))
    try:
        return run_sync(audit(store, checker=Checker(PUBLIC), anchor=None if anchor is None else Anchor(seals=anchor)))
    finally:
        store.close()


TABLES = ("runs", "facts", "blobs", "ledger", "seals", "questions")


def contents(db: sqlite3.Connection) -> list[list[object]]:
    return [db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES]


def tampered(sealed: tuple[Path, list[Seal]], folder: Path, tamper: Tamper, chance: Random) -> tuple[str, Audit]:
    path, anchor = sealed
    copy = folder / "copy.db"
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        before = contents(db)
        what = tamper(db, chance)
        assert contents(db) != before, f"nothing changed: {what}"
    return what, audited(copy, anchor)


def test_a_store_as_it_was_written_is_whole_and_all_of_it_is_proved(sealed: tuple[Path, list[Seal]]) -> None:
    path, anchor = sealed
    found = audited(path, anchor)
    assert found.faults == []
    assert found.unproved == []
    assert found.sealed == found.entries > 20
    assert found.runs > 20


@pytest.mark.parametrize("tamper", ALL, ids=lambda tamper: tamper.__name__)
def test_each_way_to_tamper_is_found(sealed: tuple[Path, list[Seal]], tmp_path: Path, tamper: Tamper) -> None:
    chance = Random(randrange(1 << 32))
    for _ in range(19):
        what, found = tampered(sealed, tmp_path, tamper, chance)
        assert found.faults, f"not found: {what}"


@pytest.mark.kill
@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_a_thousand_ways_to_tamper_are_all_found(sealed: tuple[Path, list[Seal]], tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    missed: list[str] = []
    for _ in range(1_000):
        what, found = tampered(sealed, tmp_path, chance.choice(ALL), chance)
        missed.extend([] if found.faults else [what])
    assert missed == []


def test_an_older_copy_is_found_with_the_anchor_and_only_with_it(sealed: tuple[Path, list[Seal]]) -> None:
    path, anchor = sealed
    older = path.with_name("older.db")
    without = audited(older, None)
    assert without.faults == []
    assert any("--anchor" in said for said in without.unproved)
    [fault] = audited(older, anchor).faults
    assert fault.what == "the store was set back: its ledger does not go so far"


def test_without_the_key_and_after_the_last_seal_it_says_what_cannot_be_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"

    async def main() -> None:
        async with App.open(path, agents=[errand]) as app:
            await app.start(errand, 1)

    asyncio.run(main())
    store = SqliteStore(str(path))
    found = run_sync(audit(store))
    store.close()
    assert found.faults == []
    assert any("--public-key" in said for said in found.unproved)
    assert any("not sealed" in said for said in audited(path, None).unproved)


async def test_a_store_in_use_is_whole_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with App.open(path, agents=[desk, errand], clock=(clock := DrivenClock())) as app:
        handles = [await app.start(desk, n) for n in range(1, 5)]
        for _ in range(6):
            await clock.advance(0.5)
            assert (await asyncio.to_thread(audited, path, None)).faults == []
        await handles[0].result()
        await app.operations.fork(handles[0].id, "1")
        await clock.advance(5)
        assert [fact for fact in await handles[0].facts() if fact.kind is FactKind.ENDED]
        assert (await asyncio.to_thread(audited, path, None)).faults == []
