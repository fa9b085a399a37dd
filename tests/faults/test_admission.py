"""A run that the rules refuse, or have a person asked about, ends the same wherever a crash cuts it off."""

from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunError
from podium.guards import guard
from podium.model.json import Json
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock
from tests.faults.snapshots import Snapshots, left_by_a_crash

RULES = """
permit(principal, action, resource);
forbid(principal == User::"bob", action, resource == Agent::"desk");
@id("eve") @ask("leads") forbid(principal == User::"eve", action, resource == Agent::"desk");
"""
done: list[str] = []


@agent
async def put_back(taken: dict[str, str]) -> None:
    done.append("undone")


@agent(undo="put_back")
async def take(text: str) -> str:
    done.append("taken")
    return text


@workflow(guards=(guard(lambda value: "it shouts" if value == "TEA" else None, name="loud", on=["output"]),))
async def desk(ctx: Context, text: str) -> str:
    await ctx.call(take, text)
    await ctx.sleep(1)
    return text


async def ended(store: Store, policy: Json, *, by: str, text: str, word: bool | None) -> str:
    """Have a run done, whatever is asked about it answered so, and return how it ended."""
    clock = DrivenClock()
    async with App.open(store, agents=[desk, take, put_back], clock=clock, policy=policy) as app:
        handle = await app.start(desk, text, id="r", principal=by)
        await clock.settle()
        for question in await app.inbox.list():
            await app.inbox.answer(question.id, {"approved": word}, by="ann")
        await clock.advance(2)
        try:
            return str(await handle.result())
        except RunError as error:
            assert await app.reports.verify("r") == []
            return str(error)


@pytest.mark.parametrize(
    ("by", "text", "word", "end", "seen"),
    [
        ("bob", "tea", None, "may not call", []),
        ("eve", "tea", False, "ann did not approve it", []),
        ("eve", "tea", True, "tea", ["taken"]),
        ("ada", "TEA", None, "it shouts", ["taken", "undone"]),
    ],
)
async def test_it_ends_the_same_after_a_crash(
    tmp_path: Path, by: str, text: str, *, word: bool | None, end: str, seen: list[str]
) -> None:
    rules = tmp_path / "policy.cedar"
    rules.write_text(RULES)
    wanted: dict[str, Any] = {"policy": {"file": str(rules)}, "by": by, "text": text, "word": word}
    done.clear()
    snapshots: Any = Snapshots(SqliteStore(str(tmp_path / "whole.db")), tmp_path)
    assert end in await ended(snapshots, **wanted)
    assert done == seen
    assert len(snapshots.copies) > 1
    for path in snapshots.copies:
        done.clear()
        assert end in await ended(left_by_a_crash(path), **wanted), path
        assert set(done) <= set(seen), path
