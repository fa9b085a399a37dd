"""A run that was pruned is gone from the file; that it was there, and who pruned it, is provable."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from podium import App, Context, RunState, agent, workflow
from podium.errors import InvalidValue, UnknownRun
from podium.model.audit import Audit, AuditSettings
from podium.operations.signing import Checker, Signer
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

SECRET, PUBLIC = Signer.new()
DAY = 86_400.0
BIG = "classified " * 5_000


@agent
async def say(text: str) -> str:
    return f"{text} {BIG}"


@workflow
async def child(ctx: Context, text: str) -> str:
    return (await ctx.call(say, text))[:20]


@workflow
async def family(ctx: Context, text: str) -> str:
    started = await ctx.spawn(child, text)
    return await started.result()


@workflow
async def fails(ctx: Context) -> None:
    raise ValueError("no")


@workflow
async def waits(ctx: Context) -> None:
    await ctx.sleep(1_000 * DAY)


AGENTS = [family, child, fails, waits]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
async def app(path: Path, clock: DrivenClock) -> AsyncGenerator[App]:
    async with App.open(path, agents=AGENTS, clock=clock) as app:
        await filled(app, clock)
        yield app


async def filled(app: App, clock: DrivenClock) -> None:
    """Start an old family, an old failure, what waits, and, ten days later, another one."""
    await app.run(family, "one", id="old")
    await app.start(fails, id="failed")
    await app.start(waits, id="waits")
    await clock.settle()
    await clock.advance(10 * DAY)
    await app.run(family, "two", id="new")


async def audited(path: Path, public: str | None = None) -> Audit:
    store = SqliteStore(str(path))
    try:
        return await audit(store, checker=None if public is None else Checker(public))
    finally:
        store.close()


def ids(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM runs")}


async def test_old_runs_are_pruned_by_state_with_what_they_started(app: App, path: Path) -> None:
    done = await app.operations.prune(7 * DAY, states=[RunState.DONE], by="ann", why="retention")
    assert [(each.run, each.runs, each.state) for each in done.families] == [("old", 2, RunState.DONE)]
    assert done.bytes > len(BIG)
    assert ids(path) == {"failed", "waits", "new", "new.0"}
    found = await audited(path)
    assert (found.faults, found.runs, found.pruned) == ([], 4, 2)


async def test_a_dry_run_says_what_would_be_pruned_and_prunes_nothing(app: App, path: Path) -> None:
    before = ids(path)
    would = await app.operations.prune(7 * DAY, why="retention", dry_run=True)
    assert {each.run for each in would.families} == {"old", "failed"}
    assert (would.runs, would.states) == (3, {RunState.DONE: 1, RunState.FAILED: 1})
    assert ids(path) == before
    assert await app.operations.prune(7 * DAY, why="retention") == would


async def test_a_run_that_was_pruned_says_so(app: App) -> None:
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    with pytest.raises(UnknownRun, match=r"run old\.0, which was done, was pruned by ann on .*: retention"):
        await app.runs.get("old.0")


async def test_its_id_is_free_again_and_both_are_proved(app: App, path: Path, clock: DrivenClock) -> None:
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    assert (await app.run(family, "three", id="old"))[:5] == "three"
    assert (await audited(path)).faults == []
    await clock.advance(8 * DAY)
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    found = await audited(path)
    assert (found.faults, found.pruned) == ([], 7)


async def test_a_fork_of_a_run_outlives_it(app: App) -> None:
    fork = await app.operations.fork("old.0", "0")
    await fork.result()
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    assert await fork.result() == "one classified class"
    again = await app.operations.fork(fork.id, "0")
    assert await again.result() == "one classified class"


async def test_runs_that_go_on_cannot_be_pruned(app: App) -> None:
    with pytest.raises(InvalidValue, match="runs that are parked have not ended"):
        await app.operations.prune(0.0, states=[RunState.DONE, RunState.PARKED], why="")


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> AuditSettings:
    monkeypatch.setenv("PODIUM_AUDIT_KEY", SECRET)
    return AuditSettings(key="env:PODIUM_AUDIT_KEY", every=DAY)  # weeks pass here


async def test_with_a_key_a_pruning_is_signed(path: Path, clock: DrivenClock, signed: AuditSettings) -> None:
    async with App.open(path, agents=AGENTS, clock=clock, audit=signed) as app:
        await filled(app, clock)
        await app.operations.prune(7 * DAY, by="ann", why="retention")
    found = await audited(path, PUBLIC)
    assert (found.faults, found.pruned) == ([], 3)
    other = await audited(path, Signer.new()[1])
    assert {fault.what for fault in other.faults} >= {"the signature of its pruning was not made with this key"}


async def test_without_a_key_nobody_can_tell_by_whom(app: App, path: Path) -> None:
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    found = await audited(path, PUBLIC)
    assert "run old: it was pruned without a key, so nobody can tell by whom" in found.unproved


async def test_a_pruning_without_the_key_in_a_sealed_ledger_is_found(
    path: Path, clock: DrivenClock, signed: AuditSettings
) -> None:
    async with App.open(path, agents=AGENTS, clock=clock, audit=signed) as app:
        await filled(app, clock)
    async with App.open(path, agents=AGENTS, clock=clock) as app:
        await app.operations.prune(7 * DAY, by="eve", why="nothing to see")
    found = await audited(path, PUBLIC)
    assert {fault.what for fault in found.faults} == {
        "it was pruned without the key, when the ledger was sealed already"
    }


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DELETE FROM pruned WHERE run = 'old'", "says that it was pruned, and nothing says by whom"),
        ("UPDATE pruned SET head = zeroblob(32) WHERE run = 'old'", "the ledger does not know of that"),
        ("DELETE FROM ledger WHERE run = 'old' AND state = 'pruned'", "the ledger does not know of that"),
        (
            "INSERT INTO pruned SELECT 99, 'x', facts, head, state, at, by, why, NULL FROM pruned LIMIT 1",
            "does not know",
        ),
        ("DELETE FROM runs WHERE id = 'new'", "it was entered in the ledger, and is not in the store"),
    ],
)
async def test_a_pruning_that_was_forged_or_hidden_is_found(app: App, path: Path, change: str, what: str) -> None:
    await app.operations.prune(7 * DAY, states=[RunState.DONE], by="ann", why="retention")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    assert any(what in fault.what for fault in (await audited(path)).faults)


async def test_prunings_hold_up_nobody_who_drives_runs(app: App) -> None:
    """Each family is a commit of its own: between two of them others write."""
    seen: list[int] = []
    submit = app.worker.commits.submit

    def counted(operation: object) -> object:
        seen.append(len(getattr(operation, "family", ())))
        return submit(operation)  # pyright: ignore[reportArgumentType]

    app.worker.commits.submit = counted  # pyright: ignore[reportAttributeAccessIssue]
    await app.operations.prune(7 * DAY, by="ann", why="retention")
    assert seen == [2, 1]
