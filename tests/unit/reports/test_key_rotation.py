"""The key that seals is replaced: what the old one sealed holds for ever, and what it seals later does not."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from podium import App, Context, agent, run_sync, workflow
from podium.errors import ConfigError
from podium.model.audit import Anchor, Audit, AuditSettings, KeyChange, Seal
from podium.operations.anchor import read_anchor, write_anchor
from podium.operations.rotation import rotate, take_over
from podium.operations.signing import Checker, Signer
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

SECRETS = [Signer.new() for _ in range(4)]
FIRST, SECOND, THIRD, STRANGER = (Signer(secret) for secret, _ in SECRETS)


@agent
async def add(n: int) -> int:
    return n + 1


@workflow
async def count(ctx: Context, n: int) -> int:
    return await ctx.call(add, n)


async def work(path: Path, n: int = 1) -> None:
    async with App.open(path, agents=[count]) as app:
        for _ in range(n):
            await app.run(count, 1)


def on(path: Path, do: Callable[[SqliteStore], object]) -> None:
    store = SqliteStore(str(path))
    try:
        do(store)
    finally:
        store.close()


def seal(path: Path, signer: Signer) -> None:
    on(path, lambda store: store.ledger.seal(signer.seal(*store.ledger.last(), 1.0)))


def change(path: Path, old: Signer, new: Signer) -> None:
    on(path, lambda store: rotate(store.ledger, old, new, now=lambda: 2.0, by="ann", why="yearly"))


def audited(path: Path, *trusted: Signer, anchor: Anchor | None = None) -> Audit:
    store = SqliteStore(str(path))
    try:
        return run_sync(audit(store, checker=Checker(*(each.public for each in trusted)), anchor=anchor))
    finally:
        store.close()


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    """A store that three keys sealed, one after the other."""
    path = tmp_path / "a.db"
    run_sync(work(path))
    seal(path, FIRST)
    change(path, FIRST, SECOND)
    run_sync(work(path, 2))
    seal(path, SECOND)
    change(path, SECOND, THIRD)
    run_sync(work(path))
    seal(path, THIRD)
    return path


@pytest.mark.parametrize("trusted", [FIRST, SECOND, THIRD])
def test_whoever_has_any_of_the_public_keys_can_check_all_of_it(rotated: Path, trusted: Signer) -> None:
    found = audited(rotated, trusted)
    assert found.faults == []
    assert found.sealed == found.entries == 6
    assert not any("not sealed" in said for said in found.unproved)


def test_a_stranger_s_key_checks_nothing(rotated: Path) -> None:
    found = audited(rotated, STRANGER)
    assert found.sealed == 0
    assert len([fault for fault in found.faults if fault.where.startswith("seal")]) == 5
    assert len([fault for fault in found.faults if fault.where.startswith("change of the key")]) == 2


def test_a_key_that_was_replaced_seals_nothing_any_more(rotated: Path) -> None:
    run_sync(work(rotated))
    seal(rotated, SECOND)
    [fault] = audited(rotated, THIRD).faults
    assert (fault.where, fault.what) == ("seal of entry 7", "it was made with a key that was not in use then")


def test_a_key_seals_nothing_before_it_was_in_use(rotated: Path) -> None:
    with closing(sqlite3.connect(rotated)) as db, db:
        db.execute("DELETE FROM seals WHERE n = 1")
        (head,) = db.execute("SELECT hash FROM ledger WHERE n = 1").fetchone()
        early = THIRD.seal(1, head, 1.0)
        db.execute("INSERT INTO seals VALUES (?, ?, ?, ?)", (1, head, 1.0, early.signature))
    [fault] = audited(rotated, THIRD).faults
    assert fault.what == "it was made with a key that was not in use then"


CHANGED = {
    "UPDATE audit_keys SET new = 'forged' WHERE entry = 2": "it was not signed",
    "UPDATE audit_keys SET by = 'eve' WHERE entry = 2": "it was not signed",
    "UPDATE audit_keys SET at = 9.0 WHERE entry = 5": "it was not signed",
    "UPDATE audit_keys SET accepted = x'00' WHERE entry = 5": "it was not signed",
    "UPDATE audit_keys SET entry = 3 WHERE entry = 2": "the ledger does not know of it",
    "DELETE FROM audit_keys WHERE entry = 2": "nothing says to which key",
    "DELETE FROM audit_keys": "nothing says to which key",
}


@pytest.mark.parametrize("forged", CHANGED)
def test_whoever_forges_a_change_of_the_key_is_found(rotated: Path, forged: str) -> None:
    with closing(sqlite3.connect(rotated)) as db, db:
        db.execute(forged)
    assert any(CHANGED[forged] in fault.what for fault in audited(rotated, THIRD).faults)


def test_a_key_is_handed_on_by_the_one_in_use_only(rotated: Path) -> None:
    with pytest.raises(ConfigError, match="is not the one in use"):
        change(rotated, SECOND, STRANGER)
    with pytest.raises(ConfigError, match="is the old one"):
        change(rotated, THIRD, THIRD)
    with pytest.raises(ConfigError, match="was in use before"):
        change(rotated, THIRD, FIRST)


def lose(path: Path, old: Signer, new: Signer) -> None:
    on(path, lambda store: take_over(store.ledger, Checker(old.public), new, now=lambda: 3.0, by="ann", why="lost"))


def test_a_lost_key_is_replaced_and_that_holds_for_whoever_trusts_both(rotated: Path) -> None:
    with pytest.raises(ConfigError, match="is not the one in use"):
        lose(rotated, SECOND, STRANGER)
    with pytest.raises(ConfigError, match="was in use before"):
        lose(rotated, THIRD, FIRST)
    lose(rotated, THIRD, STRANGER)
    run_sync(work(rotated))
    seal(rotated, STRANGER)
    found = audited(rotated, THIRD, STRANGER)
    assert (found.faults, found.sealed, found.entries) == ([], 8, 8)
    for trusted in (THIRD, STRANGER, FIRST):
        assert any(
            "it holds only where --public-key names both" in each.what for each in audited(rotated, trusted).faults
        )


def test_a_key_that_sealed_nothing_is_not_taken_for_the_lost_one(tmp_path: Path) -> None:
    run_sync(work(tmp_path / "a.db"))
    seal(tmp_path / "a.db", FIRST)
    with pytest.raises(ConfigError, match="did not seal what was sealed last"):
        lose(tmp_path / "a.db", SECOND, THIRD)
    lose(tmp_path / "a.db", FIRST, THIRD)
    assert audited(tmp_path / "a.db", FIRST, THIRD).faults == []


def test_a_key_that_was_replaced_does_not_come_back_as_that_of_a_lost_one(rotated: Path) -> None:
    def forge(entry: int) -> KeyChange:
        said = KeyChange(entry=entry, old=THIRD.public, new=FIRST.public, at=3.0, by="ann", why="lost")
        return replace(said, accepted=FIRST.sign(said.said))

    on(rotated, lambda store: store.ledger.change_key(forge))
    seal(rotated, FIRST)
    told = {fault.what for fault in audited(rotated, FIRST, THIRD).faults}
    assert "it was made with a key that was not in use then" in told


def test_where_a_key_was_not_rotated_several_can_be_trusted(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for signer in (FIRST, SECOND):
        run_sync(work(path))
        seal(path, signer)
    assert [fault.where for fault in audited(path, SECOND).faults] == ["seal of entry 1"]
    found = audited(path, FIRST, SECOND)
    assert (found.faults, found.sealed) == ([], 2)


async def test_a_program_with_a_replaced_key_seals_and_redacts_no_more_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "a.db", DrivenClock()
    monkeypatch.setenv("AUDIT_KEY", SECRETS[0][0])
    caplog.set_level(logging.WARNING)
    async with App.open(path, agents=[count], clock=clock, audit=AuditSettings(key="env:AUDIT_KEY")) as app:
        run = await app.start(count, 1)
        await run.result()
        change(path, FIRST, SECOND)
        await app.run(count, 1)
        await clock.advance(200)
        with pytest.raises(ConfigError, match="is not the one in use"):
            await app.operations.redact(run.id, by="ann", why="")
        with pytest.raises(ConfigError, match="is not the one in use"):
            await app.operations.prune(0, by="ann", why="")
    told = [record.getMessage() for record in caplog.records if "could not be sealed" in record.getMessage()]
    assert len(told) == 1
    assert SECOND.public in told[0]
    found = await asyncio.to_thread(audited, path, SECOND)
    assert (found.faults, found.entries - found.sealed) == ([], 1)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_the_anchor_knows_of_changes_of_the_key(rotated: Path, tmp_path: Path) -> None:
    file, older = tmp_path / "anchor", tmp_path / "older.db"
    run_sync(work(older))
    store = SqliteStore(str(rotated))
    for said in (*store.ledger.seals(), *store.ledger.key_changes()):
        write_anchor(file, said)
    store.close()
    anchor = read_anchor(file)
    assert (len(anchor.seals), len(anchor.key_changes), anchor.torn) == (5, 2, [])
    found = audited(rotated, FIRST, anchor=anchor)
    assert (found.faults, found.unproved) == ([], [])
    told = {fault.what for fault in audited(older, THIRD, anchor=anchor).faults}
    assert "the store was set back: only the anchor knows of it" in told


@pytest.mark.parametrize("cut", [1, 7, 40, 100, -1])
def test_a_torn_line_of_the_anchor_is_told_and_passed_over(rotated: Path, tmp_path: Path, cut: int) -> None:
    file = tmp_path / "anchor"
    store = SqliteStore(str(rotated))
    [*before, last] = store.ledger.seals()
    store.close()
    for said in before:
        write_anchor(file, said)
    whole = file.read_text()
    write_anchor(file, last)
    line = file.read_text()[len(whole) :].rstrip()
    file.write_text(whole + line[:cut])
    number = len(before) + 1
    said = f"line {number} of the anchor is torn, as if whoever wrote it had died: it was passed over"
    found = audited(rotated, THIRD, anchor=read_anchor(file))
    assert (found.faults, found.unproved) == ([], [said])
    write_anchor(file, last)
    assert read_anchor(file) == Anchor(seals=[*before, last], key_changes=[], torn=[number])


def test_what_is_no_seal_is_refused(tmp_path: Path) -> None:
    for said in ("nonsense", "{}", '{"n": 1}', '["n"]', '{"x'):
        (tmp_path / "anchor").write_text(f"{said}\n")
        with pytest.raises(ConfigError, match=r"line 1 of the anchor .* is no seal"):
            read_anchor(tmp_path / "anchor")


def test_seals_of_nonsense_are_faults(rotated: Path) -> None:
    with closing(sqlite3.connect(rotated)) as db, db:
        db.execute("UPDATE seals SET signature = 'x', at = 'y' WHERE n = 6")
        db.execute("UPDATE audit_keys SET signature = 'x', why = x'ff' WHERE entry = 5")
    assert audited(rotated, THIRD).faults
    assert Seal(n=1, hash=b"", at=1.0, signature=b"").signed
