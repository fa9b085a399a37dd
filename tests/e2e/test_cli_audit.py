"""`podium audit`, in real processes."""

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli import Desk

TEAM = """
from podium import Context, agent, workflow


@agent
async def add(n: int) -> int:
    return n + 1


@workflow
async def count(ctx: Context, n: int) -> int:
    return await ctx.call(add, n)
"""


SLOW = """
import asyncio
from pathlib import Path

from podium import Context, agent, workflow


@agent
async def add(n: int) -> int:
    return n + 1


@agent
async def hang() -> None:
    Path("far").touch()
    await asyncio.Event().wait()


@workflow
async def child(ctx: Context) -> int:
    return await ctx.call(add, 1)


@workflow
async def slow(ctx: Context) -> None:
    await (await ctx.spawn(child, None)).result()
    await ctx.call(hang)
"""


KILLED = """
import os, signal

from podium import App, run_sync
from podium.store.journaling import deleting as commit

inside = commit.redact


def dies(*given) -> None:
    inside(*given)
    os.kill(os.getpid(), signal.SIGKILL)


commit.redact = dies


async def main() -> None:
    async with App.open() as app:
        await app.operations.retain(0, by="ann", why="retention")


run_sync(main())
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("team.py", TEAM)
    secret, public = (line.split(" ")[1] for line in desk.podium("audit", "keygen").out.splitlines())
    key = desk.write("key", secret)
    desk.write("public", public)
    settings = f'[podium]\nstore = "a.db"\n[podium.audit]\nkey = "file:{key}"\nanchor = "anchor"\n'
    desk.write("podium.toml", settings)
    return desk


def verify(desk: Desk) -> tuple[int, list[str], list[str]]:
    public = (desk.folder / "public").read_text()
    ended = desk.podium("audit", "verify", "--public-key", public, "--anchor", "anchor", "--json")
    return ended.status, [fault["what"] for fault in ended.json["faults"]], ended.json["unproved"]


def verify_without_anchor(desk: Desk) -> tuple[int, list[str], list[str]]:
    ended = desk.podium("audit", "verify", "--public-key", (desk.folder / "public").read_text(), "--json")
    return ended.status, [fault["what"] for fault in ended.json["faults"]], ended.json["unproved"]


def test_a_store_is_sealed_when_a_program_ends_and_whoever_forges_it_is_found(desk: Desk) -> None:
    assert desk.podium("run", "team.py", "--input", "1").out == "2\n"
    assert verify(desk) == (0, [], [])
    older = (desk.folder / "a.db").read_bytes()
    assert desk.podium("run", "team.py", "--input", "2").out == "3\n"
    assert verify(desk) == (0, [], [])
    assert "ok     2 runs, 2 ledger entries, 2 sealed" in desk.podium("audit", "verify").out
    newer = (desk.folder / "a.db").read_bytes()
    (desk.folder / "a.db").write_bytes(older)
    assert verify(desk) == (1, ["the store was set back: its ledger does not go so far"], [])
    (desk.folder / "a.db").write_bytes(newer)
    with closing(sqlite3.connect(desk.folder / "a.db")) as db, db:
        db.execute("UPDATE facts SET payload = '9' WHERE kind = 18")
    status, faults, _ = verify(desk)
    assert status == 1
    assert faults == ["the fact was changed, or the one before it"] * 2


def test_the_export_tells_who_did_what(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "1", "--tenant", "acme")
    ended = desk.podium("audit", "export", "--payloads")
    told = [json.loads(line) for line in ended.out.splitlines()]
    assert [(line["what"], line["tenant"]) for line in told][:2] == [("started", "acme"), ("asked", "acme")]
    assert told[1]["payload"] == 1
    assert '"payload"' not in desk.podium("audit", "export").out
    assert desk.podium("audit", "export", "--tenant", "other").out == ""


def test_the_export_tells_what_happened_from_a_time_on(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "1")
    assert desk.podium("audit", "export", "--since", "2000-01-01").out != ""
    assert desk.podium("audit", "export", "--since", "2999-01-01").out == ""


def test_what_a_killed_program_left_is_whole_and_can_be_sealed_later(desk: Desk) -> None:
    desk.write("slow.py", SLOW)
    program = desk.begin("run", "slow.py:slow")
    ledger = "SELECT COUNT(*) FROM ledger"
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and not (desk.folder / "far").exists():
            time.sleep(0.05)
        assert (desk.folder / "far").exists()
    finally:
        program.kill()
        program.communicate()
    with closing(sqlite3.connect(desk.folder / "a.db")) as db:
        (entries,) = db.execute(ledger).fetchone()
    assert entries > 0
    status, faults, unproved = verify_without_anchor(desk)
    assert (status, faults) == (0, [])
    assert f"the last {entries} entries of the ledger are not sealed" in unproved
    assert desk.podium("audit", "seal").out == f"sealed {entries} ledger entries\n"
    assert not any("not sealed" in said for said in verify(desk)[2])


def test_sealing_without_a_key_tells_how_to_set_one(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "1")
    desk.write("podium.toml", '[podium]\nstore = "a.db"\n')
    ended = desk.podium("audit", "seal")
    assert ended.status == 1
    assert "`podium audit keygen` makes one" in ended.err


def test_the_key_is_replaced_and_all_is_proved_as_before(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "1")
    old = (desk.folder / "public").read_text()
    ended = desk.podium("audit", "rotate", "--by", "ann", "--why", "yearly")
    told = ended.out.splitlines()
    secret, new = told[1].removeprefix("secret "), told[2].removeprefix("public ")
    assert (ended.status, told[0]) == (0, f"{old} is replaced from ledger entry 2 on")
    desk.podium("run", "team.py", "--input", "2")
    assert verify(desk) == (0, [], ["the last 1 entries of the ledger are not sealed"])
    desk.write("key", secret)
    desk.podium("run", "team.py", "--input", "3")
    for public in (old, new):
        desk.write("public", public)
        assert verify(desk) == (0, [], [])
    anchor = (desk.folder / "anchor").read_text()
    desk.write("anchor", anchor + anchor.splitlines()[0][:40])
    status, faults, [open_] = verify(desk)
    assert (status, faults) == (0, [])
    assert f"line {len(anchor.splitlines()) + 1} of the anchor is torn" in open_
    desk.podium("run", "team.py", "--input", "4")
    assert (verify(desk)[:2], len(verify(desk)[2])) == ((0, []), 1)
    other = desk.write("key2", desk.podium("audit", "keygen").out.splitlines()[0].removeprefix("secret "))
    assert desk.podium("audit", "rotate", "--to", f"file:{other}").status == 0
    assert desk.podium("audit", "seal").status == 1
    assert verify(desk)[:2] == (0, [])


def test_a_report_tells_what_was_done_in_a_run_or_for_a_tenant(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "1", "--tenant", "acme")
    text = desk.podium("audit", "report", "--for", "last").out
    assert "count called add, version 1: done" in text
    told = desk.podium("audit", "report", "--for", "acme", "--json").json
    assert (told["for"], [run["state"] for run in told["runs"]]) == ({"tenant": "acme"}, ["done"])
    assert desk.podium("audit", "report", "--for", "acme", "--since", "2999-01-01", "--json").json["runs"] == []
    ended = desk.podium("audit", "report", "--for", "nobody")
    assert (ended.status, "'nobody' is no tenant that has runs" in ended.err) == (1, True)


def test_a_key_that_is_none_is_told(desk: Desk) -> None:
    ended = desk.podium("audit", "verify", "--public-key", "x")
    assert ended.status == 1
    assert "`podium audit keygen` makes one" in ended.err


def test_a_redacted_run_verifies_and_shows_that_it_was(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "41", "--tag", "t")
    ended = desk.podium("runs", "redact", "last", "--why", "asked for", "--by", "ann")
    assert (ended.status, ended.out.endswith("is redacted, 1 run in all\n")) == (0, True)
    assert desk.podium("runs", "redact", "last", "--why", "again").out.endswith("was redacted before\n")
    assert verify(desk) == (0, [], [])
    assert "1 runs (1 redacted)" in desk.podium("audit", "verify").out
    assert "redacted by ann: asked for" in desk.podium("runs", "show", "last").out
    again = desk.podium("run", "team.py", "--input", "41", "--tag", "t")
    assert again.status == 1
    assert "was redacted by ann: what it gave is gone" in again.err


def test_what_ended_long_ago_is_redacted_at_once(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", "41")
    assert desk.podium("audit", "retain", "--older-than", "1h").out == "redacted 0 runs\n"
    assert desk.podium("audit", "retain", "--older-than", "0s").out == "redacted 1 run\n"
    assert desk.podium("audit", "retain", "--older-than", "soon").status == 2
    assert verify(desk) == (0, [], [])


def test_a_run_is_redacted_as_a_whole_or_not_at_all_when_the_process_is_killed(desk: Desk) -> None:
    desk.write("killed.py", KILLED)
    desk.podium("run", "team.py", "--input", "41")
    assert desk.python("killed.py").status == -signal.SIGKILL
    assert verify(desk)[:2] == (0, [])
    assert "redacted" not in desk.podium("audit", "verify").out
    assert desk.podium("audit", "retain", "--older-than", "0s").out == "redacted 1 run\n"
    assert verify(desk) == (0, [], [])
