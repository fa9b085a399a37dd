"""A store that was tampered with is found out, and one that was not is left in peace."""

import asyncio
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random, randrange

import pytest

from podium import App, Context, Principal, agent, human, workflow
from podium.app import run_sync
from podium.errors import ConfigError, RunFailed
from podium.model.audit import Anchor, Audit, AuditSettings, Seal
from podium.model.delegation import Delegation
from podium.model.fact import FactKind
from podium.model.person import Person
from podium.model.run import RunState
from podium.operations.rotation import rotate
from podium.operations.signing import Checker, Signer
from podium.reports import progress
from podium.reports.audit import audit
from podium.reports.progress import AuditProgress
from podium.reports.run_audit import RunAudit
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock
from tests.examples import some
from tests.unit.reports.tampering import ALL, Tamper
from tests.unit.reports.tampering_anywhere import ANYWHERE, row_anywhere, tables_inside

SECRETS, PUBLIC = zip(Signer.new(), Signer.new(), strict=True)
SIGNERS = [Signer(secret) for secret in SECRETS]
os.environ |= {"TEST_DELEGATION_KEY": "k" * 32} | {f"TEST_AUDIT_KEY_{n}": secret for n, secret in enumerate(SECRETS)}


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


@workflow
async def vote(ctx: Context, n: int) -> None:
    await ctx.ask("Well?", answer=str, quorum=2)


def seal(store: SqliteStore, day: int) -> list[Seal]:
    """Seal a store; the first day is the last of the first key."""
    seals = [SIGNERS[day].seal(*store.ledger.last(), float(day))]
    store.ledger.seal(seals[0])
    if day == 0:
        _, more = rotate(store.ledger, *SIGNERS, now=lambda: 0.5, by="ann", why="daily")
        seals += more
    return seals


async def fill(path: Path) -> list[Seal]:
    """Fill a store in two days, sealed after each with another key; a copy of it is kept as it was in between.

    Runs are answered, delegated, redacted and pruned in it.
    """
    clock, anchor = DrivenClock(), list[Seal]()
    for day in range(2):
        key = AuditSettings(key=f"env:TEST_AUDIT_KEY_{day}", every=3_600.0)
        delegation = {"key": "env:TEST_DELEGATION_KEY"}
        agents = [desk, errand, waits, vote]
        people = {"ann": Person(groups=["boss"]), "bob": Person()}
        async with App.open(path, agents=agents, clock=clock, audit=key, delegation=delegation, people=people) as app:
            handles = [await app.start(desk, day * 10 + n, tenant="acme") for n in range(6)]
            await app.start(waits)
            asked = await app.start(waits)
            votes = [await app.start(vote, n) for n in range(2)]
            token = await app.delegations.grant(Delegation(by="ada", to="bot", quota=9, expires=1e12))
            await app.delegations.grant(Delegation(by="bob", to="bot", arguments={"add": {"n": "1"}}))
            await app.redeem(token, "errand", 1)
            admin = app.scoped(Principal(who="root", tenant="acme", roles={"admin"}))
            keys = [(await admin.keys.create(name, who=name, expires_in=9e9)).key.id for name in ("ci", "cd")]
            await admin.keys.rotate(keys[0])
            await admin.keys.rotate(keys[1])
            await admin.keys.rotate(keys[1])
            await admin.keys.revoke(keys[0])
            await clock.advance(60)
            question = (await app.inbox.list(run=asked.id))[0].id
            await app.inbox.comment(question, "Mind the price.", by="cy")
            await app.inbox.reassign(question, "bob", by="cy")
            await app.inbox.away("ann", clock.now() + 30, by="ann")
            await app.delegations.revoke((await app.delegations.all())[-1].id)
            for run, people in zip(votes, [("ann", "bob"), ("cy",)], strict=True):
                for by in people:
                    await app.inbox.answer((await app.inbox.list(run=run.id))[0].id, f"{by}: yes", by=by)
            for _ in range(2):
                await (await app.start(vote, 1)).cancel("enough")
            await clock.advance(60)
            assert (await app.operations.prune(10, by="ann", why="old", states=[RunState.CANCELLED])).runs == 2
            await app.inbox.answer((await app.inbox.list(run=asked.id))[0].id, "well", by="ann")
            for handle in handles:
                try:
                    await handle.result()
                except RunFailed:
                    await app.operations.fork(handle.id, "0")
            await clock.advance(60)
            await app.operations.redact(handles[1].id, by="ann", why="asked for")
            await app.operations.redact(handles[0].id, by="ann", why="asked for")
            await app.operations.drain_worker(app.worker.id, by="ann", why="deploy")
        store = SqliteStore(str(path))
        anchor += seal(store, day)
        store.close()
        if day == 0:
            shutil.copy(path, path.with_name("older.db"))
    return anchor


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Seal]]:
    path = tmp_path_factory.mktemp("audit") / "podium.db"
    return path, asyncio.run(fill(path))


def audited(path: Path, anchor: list[Seal] | None, key: int = 1) -> Audit:
    store = SqliteStore(str(path))
    written = None if anchor is None else Anchor(seals=anchor)
    try:
        return run_sync(audit(store, checker=Checker(PUBLIC[key]), anchor=written))
    finally:
        store.close()


def contents(db: sqlite3.Connection) -> list[object]:
    made = "SELECT type, name, sql FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    schema = db.execute(made).fetchall()
    return [schema, [db.execute(f"SELECT * FROM {name}").fetchall() for kind, name, _ in schema if kind == "table"]]


def tampered(sealed: tuple[Path, list[Seal] | None], folder: Path, tamper: Tamper, chance: Random) -> tuple[str, Audit]:
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
    assert audited(path, anchor, key=0).faults == []
    found = audited(path, anchor)
    assert found.faults == []
    assert found.unproved == []
    assert found.sealed == found.entries > 20
    assert found.runs > 20


@pytest.mark.more
@pytest.mark.parametrize("tamper", [*ALL, *ANYWHERE], ids=lambda tamper: tamper.__name__)
def test_each_way_to_tamper_is_found(sealed: tuple[Path, list[Seal]], tmp_path: Path, tamper: Tamper) -> None:
    chance = Random(randrange(1 << 32))
    for _ in some(range(18)):
        what, found = tampered(sealed, tmp_path, tamper, chance)
        assert found.faults, f"not found: {what}"


INSIDE = [
    "absences", "actions", "answers", "api_keys", "audit_keys", "blobs", "delegations", "drains", "facts", "ledger",
    "pruned", "questions", "remarks", "runs", "seals",
]  # fmt: skip


def test_of_each_table_it_is_known_whether_an_audit_answers_for_it(sealed: tuple[Path, list[Seal]]) -> None:
    with closing(sqlite3.connect(sealed[0])) as db:
        assert tables_inside(db) == INSIDE, "a new table is compared in an audit, or named in reports/outside.py"
        assert all(db.execute(f"SELECT 1 FROM {name}").fetchone() for name in INSIDE)


@pytest.mark.kill
@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_two_thousand_ways_to_tamper_are_all_found(sealed: tuple[Path, list[Seal]], tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    missed: list[str] = []
    for _ in range(2_000):
        what, found = tampered(sealed, tmp_path, chance.choice([*ALL, *ANYWHERE, *[row_anywhere] * 9]), chance)
        missed.extend([] if found.faults else [what])
    assert missed == []


def ledger_of(path: Path, most: int) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT * FROM ledger WHERE n <= ? ORDER BY n", (most,)).fetchall()


@pytest.mark.parametrize("times", [9, pytest.param(2_000, marks=pytest.mark.kill)])
@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_with_the_public_key_alone_what_is_called_proved_is_what_was_written(
    sealed: tuple[Path, list[Seal]], tmp_path: Path, times: int, seed: int
) -> None:
    path, chance = sealed[0], Random(seed)
    for tamper in [*ALL, *ANYWHERE, *chance.choices([*ALL, *ANYWHERE, *[row_anywhere] * 9], k=times)]:
        what, found = tampered((path, None), tmp_path, tamper, chance)
        if found.faults:
            continue
        assert any("--anchor" in said for said in found.unproved), what
        assert ledger_of(tmp_path / "copy.db", found.sealed) == ledger_of(path, found.sealed), what
        assert found.sealed == found.entries or any("not sealed" in said for said in found.unproved), what


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


class Interrupted(Exception):
    pass


def test_an_audit_that_is_interrupted_goes_on_where_it_stopped(
    sealed: tuple[Path, list[Seal]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "a.db", tmp_path / "progress"
    shutil.copy(sealed[0], path)
    with closing(sqlite3.connect(path)) as db, db:
        runs = [run for (run,) in db.execute("SELECT id FROM runs ORDER BY n")]
        for run in (runs[1], runs[-1]):
            db.execute("UPDATE runs SET workflow = 'forged' WHERE id = ?", (run,))
    whole, read = audited(path, None), list[str]()
    check = RunAudit.check

    async def dies_after(self: RunAudit, run: str) -> None:
        read.append(run)
        await check(self, run)
        if len(read) == 13:
            raise Interrupted

    monkeypatch.setattr(RunAudit, "check", dies_after)
    monkeypatch.setattr(progress, "_RUNS", 5)
    store = SqliteStore(str(path))
    try:
        with pytest.raises(Interrupted):
            run_sync(audit(store, checker=Checker(PUBLIC[1]), progress=AuditProgress(file)))
        assert read == runs[:13]
        found = run_sync(audit(store, checker=Checker(PUBLIC[1]), progress=AuditProgress(file)))
    finally:
        store.close()
    assert read[13:] == runs[10:]
    assert sorted(map(str, found.faults)) == sorted(map(str, whole.faults))
    assert len(found.faults) == 2
    assert (found.runs, found.redacted) == (whole.runs, whole.redacted)
    assert "10 runs were read by an earlier audit, and are as they were then" in found.unproved
    assert not file.exists()


def test_an_audit_begins_anew_where_the_ledger_is_another_one(sealed: tuple[Path, list[Seal]], tmp_path: Path) -> None:
    said: dict[str, object] = {
        "n": 1,
        "hash": "00" * 32,
        "run": "x",
        "runs": 7,
        "redacted": 0,
        "faults": [],
        "unproved": [],
    }
    file = tmp_path / "progress"
    file.write_text(json.dumps(said))
    store = SqliteStore(str(sealed[0]))
    try:
        found = run_sync(audit(store, progress=AuditProgress(file)))
        assert any("the audit begins anew" in each for each in found.unproved)
        assert found.runs == audited(sealed[0], None).runs
        file.write_text("nonsense")
        with pytest.raises(ConfigError, match="says not how far"):
            run_sync(audit(store, progress=AuditProgress(file)))
    finally:
        store.close()


def test_an_audit_begins_anew_where_other_keys_were_trusted_or_its_run_is_gone(
    sealed: tuple[Path, list[Seal]], tmp_path: Path
) -> None:
    file, store = tmp_path / "progress", SqliteStore(str(sealed[0]))
    try:
        n, chained = store.ledger.last()
        *_, last = store.ledger.runs()
        whole = audited(sealed[0], None).runs
        for trusted, run, why in (([], last, "trusted other keys"), ([PUBLIC[1]], "gone", "is gone")):
            noted: dict[str, object] = {"n": n, "hash": chained.hex(), "run": run, "runs": 7, "redacted": 0}
            file.write_text(json.dumps(noted | {"faults": [], "unproved": [], "trusted": trusted}))
            found = run_sync(audit(store, checker=Checker(PUBLIC[1]), progress=AuditProgress(file)))
            assert [said for said in found.unproved if "begins anew" in said and why in said]
            assert found.runs == whole
    finally:
        store.close()
