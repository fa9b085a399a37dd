"""Kept answers in a store: those that are too old go, without an index of when that is."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from podium.model.cache import CacheKey
from podium.store.keeping import KeepAnswer
from podium.store.sqlite.connection import migrate
from podium.store.sqlite.store import SqliteStore
from tests.unit.store.test_migrations import store_of

BEFORE_KEPT = 11


def answer(n: int, *, now: float, until: float) -> KeepAnswer:
    digest = hashlib.sha256(b"%d" % n).hexdigest()
    return KeepAnswer(
        agent="knows", version="1", tenant="default", digest=digest, value=b"%d" % n, run="r", key=str(n), now=now,
        until=until,
    )  # fmt: skip


def question(n: int) -> CacheKey:
    kept = answer(n, now=0.0, until=0.0)
    return CacheKey(agent=kept.agent, version=kept.version, tenant=kept.tenant, digest=kept.digest)


@pytest.mark.parametrize("alive", [500, 2_000])
async def test_a_store_holds_little_more_than_what_is_of_use(tmp_path: Path, alive: int) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(str(path))
    asked = 6 * alive
    for first in range(0, asked, 100):
        answers = [answer(n, now=float(n), until=float(n + alive)) for n in range(first, first + 100)]
        await store.commit("w", answers)
    store.close()
    [(held,)] = sqlite3.connect(path).execute("SELECT count(*) FROM answers_kept").fetchall()
    assert alive <= held < 1.7 * alive


async def test_answers_of_an_older_store_are_still_given(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = store_of(BEFORE_KEPT)
    old = answer(1, now=0.0, until=9.0)
    connection.execute(
        "INSERT INTO answers_kept VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (old.agent, old.version, old.tenant, old.digest, old.value, old.run, old.key, old.until),
    )
    migrate(connection, ":memory:")
    connection.execute(f"VACUUM INTO '{path}'")
    store = SqliteStore(str(path))
    found = await store.answers.get(question(1), 8.0)
    assert found is not None
    assert (found.value, found.run, found.key) == (1, "r", "1")
    assert await store.answers.get(question(1), 9.0) is None
    store.close()
