"""Vectors are looked through by their signs, and what is nearest is found whatever was changed meanwhile."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from podium.model.embedding import Vector, vector_of
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.store import SqliteStore
from podium.store.sqlite.words import FullTextWords
from podium.store.tables.memory_writes import MemoryWrite
from podium.testing import HashedEmbedder

COUNT, DIMENSIONS = 3_000, 64
EMBEDDER = HashedEmbedder(DIMENSIONS)


def vectors(seed: int, count: int) -> Sequence[Vector]:
    made = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return [vector_of(EMBEDDER, each.tolist()) for each in made]


def fill(path: Path, entries: Sequence[Vector]) -> None:
    """Put all in one transaction, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    for number, vector in enumerate(entries):
        put = MemoryWrite(writer="", scope="s", key=f"{number}", now=1.0, vector=vector)
        put.put(SqliteStatements(connection), FullTextWords(), number, expect=None, until=None)
    connection.execute("COMMIT")
    connection.close()


async def test_the_nearest_of_many_are_found_after_others_wrote_and_deleted(tmp_store: Path) -> None:
    store = SqliteStore(str(tmp_store))
    entries = vectors(1, COUNT)
    fill(tmp_store, entries)
    numbers = np.stack([np.array(each.floats) for each in entries])
    questions = vectors(2, 20)
    alike = 0
    for question in questions:
        order = np.argsort(-(numbers @ np.array(question.floats))).tolist()
        found = [entry.value for entry in await store.memory.nearest("s", question)]
        alike += len({*order[:10]} & {*found})
        assert found == sorted(found, key=order.index)
    assert alike >= 0.8 * 10 * len(questions)
    assert [entry.key for entry in await store.memory.nearest("s", entries[7], limit=1)] == ["7"]
    order = np.argsort(-(numbers @ np.array(entries[7].floats))).tolist()
    with sqlite3.connect(tmp_store) as connection:
        connection.executemany("DELETE FROM memory WHERE key = ?", [(f"{number}",) for number in order[:2_900]])
    connection.close()
    found = [entry.value for entry in await store.memory.nearest("s", entries[7], limit=5)]
    assert (len(found), {*found} & {*order[:2_900]}) == (5, set())
    left = await store.memory.nearest("s", entries[7], limit=COUNT)
    assert [entry.value for entry in left] == order[2_900:]
    store.close()


def test_without_numpy_it_is_said_what_to_install(tmp_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def __getattr__(self, name: str) -> object:
            raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr("podium.store.tables.vectors.np", Missing())
    store = SqliteStore(str(tmp_store))
    with pytest.raises(Exception, match=r'needs NumPy, an extra: pip install "podium\[vectors\]"'):
        asyncio.run(store.memory.put("s", "k", 1, writer="w", vector=vectors(1, 1)[0]))
    assert asyncio.run(store.memory.keys("s")) == []
    store.close()


async def test_of_many_entries_those_with_the_rarest_word_come_first(tmp_store: Path) -> None:
    store = SqliteStore(str(tmp_store))
    connection = sqlite3.connect(tmp_store, isolation_level=None)
    connection.execute("BEGIN")
    for number in range(9_000):
        text = "common rare" if number == 8_999 else "common often" if number % 2 else "common"
        put = MemoryWrite(writer="", scope="mine" if number % 9 == 8 else "theirs", key=f"{number:04}", now=1.0)
        put.put(SqliteStatements(connection), FullTextWords(), text, expect=None, until=None)
    connection.execute("COMMIT")
    connection.close()
    found = await store.memory.search("mine", "common often rare", limit=1)
    assert [entry.key for entry in found] == ["8999"]
    assert len(await store.memory.search("mine", "common often rare", limit=700)) == 700
    assert len(await store.memory.search("mine", "common", limit=2_000)) == 1_000
    assert await store.memory.search("mine", "nowhere common?", limit=1) != []
    assert await store.memory.search("mine", "nowhere", limit=1) == []
    store.close()
