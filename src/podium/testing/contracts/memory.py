"""What shared memory must do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from podium.model.memory import MemoryStore
from podium.testing.contracts.opened import OpenedStore

T = TypeVar("T")


class MemoryContract(OpenedStore):
    """Entries have versions, are put once by each writer, and are found by their words."""

    def remember(self, folder: Path, work: Callable[[MemoryStore], Awaitable[T]]) -> T:
        """Do something with the memory of a store."""
        with self.hand(folder) as hand:

            async def run() -> T:
                return await work(hand.store.memory)

            return asyncio.run(run())

    def test_an_entry_comes_back_with_its_version(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            assert await memory.get("run:1", "k") is None
            first = await memory.put("run:1", "k", {"a": [1]}, writer="w1")
            second = await memory.put("run:1", "k", "two", writer="w2")
            assert (first and first.version, second and second.version) == (1, 2)
            entry = await memory.get("run:1", "k")
            assert entry is not None
            assert (entry.scope, entry.key, entry.value, entry.version) == ("run:1", "k", "two", 2)

        self.remember(tmp_path, work)

    def test_scopes_are_apart(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("run:1", "k", "word", writer="w1")
            assert await memory.get("run:2", "k") is None
            assert await memory.keys("run:2") == []
            assert await memory.search("run:2", "word") == []

        self.remember(tmp_path, work)

    def test_a_put_that_expects_another_version_does_nothing(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            assert await memory.put("s", "k", 1, writer="w1", expect=1) is None
            assert await memory.put("s", "k", 1, writer="w2", expect=0) is not None
            assert await memory.put("s", "k", 2, writer="w3", expect=0) is None
            entry = await memory.get("s", "k")
            assert entry is not None
            assert entry.value == 1

        self.remember(tmp_path, work)

    def test_the_same_writer_puts_once(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            first = await memory.put("s", "k", 1, writer="w1", expect=0)
            again = await memory.put("s", "k", 1, writer="w1", expect=0)
            assert (first and first.version, again and again.version) == (1, 1)

        self.remember(tmp_path, work)

    def test_what_a_writer_did_counts_once_whatever_others_wrote_in_between(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            first = await memory.put("s", "k", 1, writer="w1")
            await memory.put("s", "k", 2, writer="w2")
            assert await memory.put("s", "k", 1, writer="w1") == first
            assert await memory.delete("s", "k", writer="w3")
            await memory.put("s", "k", 3, writer="w4")
            assert await memory.delete("s", "k", writer="w3")
            found = await memory.get("s", "k")
            assert found is not None
            assert found.value == 3

        self.remember(tmp_path, work)

    def test_a_forgotten_key_is_gone_also_from_the_search(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("s", "k", "word", writer="w1")
            assert [await memory.delete("s", "k"), await memory.delete("s", "k")] == [True, False]
            assert await memory.get("s", "k") is None
            assert await memory.search("s", "word") == []

        self.remember(tmp_path, work)

    def test_keys_are_listed_by_prefix(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            for number, key in enumerate(("b%1", "a_2", "b%0", "bx")):
                await memory.put("s", key, number, writer=f"w{number}")
            assert await memory.keys("s") == ["a_2", "b%0", "b%1", "bx"]
            assert await memory.keys("s", "b%") == ["b%0", "b%1"]

        self.remember(tmp_path, work)

    def test_entries_are_found_by_their_words_best_first(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("s", "one", {"text": "the invoice was paid"}, writer="w1")
            await memory.put("s", "two", "invoice invoice refund", writer="w2")
            await memory.put("s", "three", "nothing of it", writer="w3")
            assert [entry.key for entry in await memory.search("s", "invoice refund")] == ["two", "one"]
            assert [entry.key for entry in await memory.search("s", "invoice", limit=1)] == ["two"]
            assert await memory.search("s", '"" OR *') == []
            await memory.put("s", "two", "something else", writer="w4")
            assert [entry.key for entry in await memory.search("s", "refund")] == []

        self.remember(tmp_path, work)
