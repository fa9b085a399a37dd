"""What shared memory must do."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from podium.errors import OtherEmbedder
from podium.model.embedding import Vector, vector_of
from podium.model.memory import MemoryAppend, MemoryStore
from podium.testing.clock import DrivenClock
from podium.testing.contracts.opened import OpenedStore
from podium.testing.embedder import HashedEmbedder

T = TypeVar("T")


def _vector(*numbers: float, name: str = "one") -> Vector:
    embedder = HashedEmbedder(len(numbers))
    embedder.name = name
    return vector_of(embedder, numbers)


class MemoryContract(OpenedStore):
    """Entries have versions and lifetimes, count once by writer, are found by words and vectors; locks have leases."""

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

    def test_what_was_read_before_an_entry_went_is_no_version_of_what_stands_there_later(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            seen: set[int] = set()
            for way in ("deleted", "its time is over", "forgotten", "put anew") * 2:
                first = await memory.put("s", "k", way, writer=f"{way} {len(seen)}", expect=0, ttl=10)
                assert first is not None, way
                second = await memory.put("s", "k", 2, writer=f"{way} {len(seen)} again", expect=first.version, ttl=10)
                assert second is not None, way
                assert second.version == first.version + 1
                assert not {first.version, second.version} & seen, way
                seen |= {first.version, second.version}
                for version in (*seen, max(seen) + 1):
                    if version != second.version:
                        assert await memory.put("s", "k", "mine", writer=f"v{len(seen)}", expect=version) is None, way
                        assert await memory.append("s", "k", 1, writer=f"v{len(seen)}", expect=version) is None, way
                if way == "deleted":
                    await memory.delete("s", "k")
                elif way == "put anew":
                    await memory.put("s", "k", 3, writer=f"p{len(seen)}", ttl=1)
                    seen.add(second.version + 1)
                await clock.advance(10)
                if way == "forgotten":
                    assert await memory.forget_expired() == 1

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
            odd = ["", "a", "a\x00", "a\x00b", "b", "é", "éa", "😀", "😀\x00", "\U0010ffff"]
            for key in odd:
                await memory.put("odd", key, key, writer=ascii(key))
            for prefix in odd:
                assert await memory.keys("odd", prefix) == [key for key in odd if key.startswith(prefix)]

        self.remember(tmp_path, work)

    def test_entries_are_found_by_their_words_best_first(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("s", "one", {"text": "the invoice was paid"}, writer="w1")
            await memory.put("s", "two", "invoice invoice refund", writer="w2")
            await memory.put("s", "three", "nothing of it", writer="w3")
            assert [entry.key for entry in await memory.search("s", "invoice refund")] == ["two", "one"]
            assert [entry.key for entry in await memory.search("s", "invoice", limit=1)] == ["two"]
            assert await memory.search("s", '"" OR *') == []
            await memory.put("s", "four", "before\x00 it \x00afterwards", writer="w5")
            assert [entry.key for entry in await memory.search("s", "afterwards")] == ["four"]
            await memory.put("s", "two", "something else", writer="w4")
            assert [entry.key for entry in await memory.search("s", "refund")] == []

        self.remember(tmp_path, work)

    def test_an_entry_whose_time_is_over_is_not_found_by_anything(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            put = await memory.put("s", "k", "word", writer="w1", ttl=60)
            await memory.put("s", "other", "word", writer="w1")
            assert put is not None
            assert put.until == clock.now() + 60
            assert await memory.get("s", "k") == put
            await clock.advance(59)
            assert await memory.keys("s") == ["k", "other"]
            await clock.advance(1)
            assert await memory.get("s", "k") is None
            assert await memory.keys("s") == ["other"]
            assert [entry.key for entry in await memory.search("s", "word")] == ["other"]
            assert not await memory.delete("s", "k", writer="w2")
            again = await memory.put("s", "k", "again", writer="w3", expect=0)
            assert again is not None
            assert again.until is None

        self.remember(tmp_path, work)

    def test_a_put_that_is_tried_again_gives_no_longer_life(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            first = await memory.put("s", "k", 1, writer="w1", ttl=60)
            await clock.advance(30)
            assert await memory.put("s", "k", 1, writer="w1", ttl=60) == first
            assert await memory.get("s", "k") == first

        self.remember(tmp_path, work)

    def test_entries_whose_time_is_over_are_deleted_when_asked(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            for number in range(3):
                await memory.put(f"s{number}", "k", 1, writer="w1", ttl=10 + number)
            assert await memory.forget_expired() == 0
            await clock.advance(11)
            assert [await memory.forget_expired(), await memory.forget_expired()] == [2, 0]
            assert await memory.get("s2", "k") is not None

        self.remember(tmp_path, work)

    def test_what_is_appended_is_added_to_a_list_or_a_text(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            assert await memory.append("s", "l", {"a": 1}, writer="w1") == MemoryAppend(version=1, length=1)
            assert await memory.append("s", "l", ["b"], writer="w2") == MemoryAppend(version=2, length=2)
            assert await memory.append("s", "t", "red ", writer="w1", to="text") == MemoryAppend(version=1, length=4)
            assert await memory.append("s", "t", "fox", writer="w2", to="text") == MemoryAppend(version=2, length=7)
            found = [await memory.get("s", "l"), await memory.get("s", "t")]
            assert [each and each.value for each in found] == [[{"a": 1}, ["b"]], "red fox"]
            assert [entry.key for entry in await memory.search("s", "fox")] == ["t"]
            assert await memory.append("s", "t", "x", writer="w3") is None
            assert await memory.append("s", "l", "x", writer="w3", to="text") is None

        self.remember(tmp_path, work)

    def test_the_same_writer_appends_once(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            first = await memory.append("s", "l", 1, writer="w1")
            await memory.append("s", "l", 2, writer="w2")
            assert await memory.append("s", "l", 1, writer="w1") == first
            found = await memory.get("s", "l")
            assert found is not None
            assert found.value == [1, 2]

        self.remember(tmp_path, work)

    def test_several_append_at_once_and_nothing_is_lost(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await asyncio.gather(*(memory.append("s", "l", number, writer=f"w{number}") for number in range(20)))
            found = await memory.get("s", "l")
            assert found is not None
            assert sorted(found.value) == list(range(20))

        self.remember(tmp_path, work)

    def test_an_append_leaves_an_entry_its_time(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            await memory.put("s", "l", [1], writer="w1", ttl=60)
            await memory.append("s", "l", 2, writer="w2")
            await clock.advance(60)
            assert await memory.get("s", "l") is None
            added = await memory.append("s", "l", 3, writer="w3")
            assert added is not None
            assert added.length == 1

        self.remember(tmp_path, work)

    def test_one_writer_holds_a_lock_while_its_lease_lasts(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            mine = await memory.lock("s", "k", writer="w1", lease=30)
            assert (mine.token, mine.holder, mine.until) == (1, "w1", clock.now() + 30)
            assert await memory.lock("s", "k", writer="w2", lease=30) == mine
            assert await memory.lock("s", "k", writer="w1", lease=30) == mine
            assert (await memory.lock("s", "other", writer="w2", lease=30)).holder == "w2"
            assert (await memory.lock("t", "k", writer="w2", lease=30)).holder == "w2"
            await clock.advance(30)
            theirs = await memory.lock("s", "k", writer="w2", lease=30)
            assert (theirs.token, theirs.holder) == (2, "w2")
            assert not await memory.unlock("s", "k", mine.token, writer="w3")
            assert await memory.lock("s", "k", writer="w1", lease=30) == theirs

        self.remember(tmp_path, work)

    def test_a_lock_that_was_given_back_is_free_and_its_token_grows(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            memory = memory.under(DrivenClock())
            mine = await memory.lock("s", "k", writer="w1", lease=30)
            assert not await memory.unlock("s", "k", mine.token + 1, writer="w2")
            assert await memory.unlock("s", "k", mine.token, writer="w2")
            assert not await memory.unlock("s", "k", mine.token, writer="w3")
            assert await memory.unlock("s", "k", mine.token, writer="w2")  # the same writer's counts once
            assert await memory.lock("s", "k", writer="w1", lease=30) == mine  # and so does this; it is not taken again
            theirs = await memory.lock("s", "k", writer="w4", lease=30)
            assert (theirs.token, theirs.holder) == (mine.token + 1, "w4")

        self.remember(tmp_path, work)

    def test_a_writer_whose_lease_is_over_takes_the_lock_anew(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            await memory.lock("s", "k", writer="w1", lease=30)
            await clock.advance(31)
            again = await memory.lock("s", "k", writer="w1", lease=30)
            assert (again.token, again.until) == (2, clock.now() + 30)

        self.remember(tmp_path, work)

    def test_entries_are_found_by_their_vectors_the_nearest_first(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            for degrees in (80, 0, 40, 170):
                at = _vector(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
                await memory.put("s", f"at {degrees}", degrees, writer="w1", vector=at)
            await memory.put("s", "nowhere", "at 0", writer="w1")
            await memory.put("t", "at 0", 0, writer="w1", vector=_vector(1, 0))
            found = await memory.nearest("s", _vector(1, 0.1))
            assert [entry.value for entry in found] == [0, 40, 80, 170]
            assert found[0] == await memory.get("s", "at 0")
            assert [entry.value for entry in await memory.nearest("s", _vector(0, 1), limit=2)] == [80, 40]
            assert await memory.nearest("other", _vector(0, 1)) == []

        self.remember(tmp_path, work)

    def test_the_vector_is_that_of_the_last_put(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            clock = DrivenClock()
            memory = memory.under(clock)
            for key in ("a", "b", "c", "d"):
                await memory.put("s", key, key, writer="w1", vector=_vector(1, 0), ttl=60 if key == "d" else None)
            assert len(await memory.nearest("s", _vector(1, 0))) == 4
            await memory.put("s", "a", "new", writer="w2", vector=_vector(0, 1))
            await memory.put("s", "b", "new", writer="w2")
            await memory.delete("s", "c")
            await clock.advance(60)
            assert [(entry.key, entry.value) for entry in await memory.nearest("s", _vector(0, 1))] == [("a", "new")]

        self.remember(tmp_path, work)

    def test_what_is_written_in_vain_changes_no_vector(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("s", "k", "text", writer="w1", vector=_vector(1, 0))
            await memory.put("s", "other", "text", writer="w1", vector=_vector(1, 1))
            assert await memory.put("s", "k", 2, writer="w2", expect=0, vector=_vector(0, 1)) is None
            assert await memory.append("s", "k", 2, writer="w3", vector=_vector(0, 1)) is None
            assert await memory.append("s", "k", "!", writer="w4", to="text", expect=7, vector=_vector(0, 1)) is None
            assert [entry.key for entry in await memory.nearest("s", _vector(1, 0))] == ["k", "other"]
            assert (
                await memory.append("s", "k", "!", writer="w5", to="text", expect=1, vector=_vector(0, 1)) is not None
            )
            assert [entry.key for entry in await memory.nearest("s", _vector(1, 0))] == ["other", "k"]

        self.remember(tmp_path, work)

    def test_vectors_of_two_embedders_are_never_mixed(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            await memory.put("s", "k", 1, writer="w1", vector=_vector(1, 0))
            for other in (_vector(1, 0, name="another"), _vector(1, 0, 0)):
                for refused in (
                    memory.put("s", "new", 1, writer="w2", vector=other),
                    memory.append("s", "new", 1, writer="w2", vector=other),
                    memory.nearest("s", other),
                ):
                    try:
                        await refused
                    except OtherEmbedder as error:
                        assert "one (2)" in str(error)
                        assert other.embedder in str(error)
                    else:
                        raise AssertionError(f"{other.embedder} was taken")
            assert await memory.keys("s") == ["k"]
            assert await memory.put("t", "k", 1, writer="w3", vector=_vector(1, 0, name="another")) is not None

        self.remember(tmp_path, work)

    def test_entries_are_embedded_again(self, tmp_path: Path) -> None:
        async def work(memory: MemoryStore) -> None:
            new = _vector(0, 1, name="another")
            for number in range(4):
                vector = _vector(1, 0) if number else None
                await memory.put("s", f"k{number}", number, writer="w1", vector=vector)
            found = await memory.without_vector("s", new.embedder, limit=3)
            assert [entry.key for entry in found] == ["k0", "k1", "k2"]
            assert await memory.without_vector("s", _vector(1, 0).embedder, limit=3) == found[:1]
            assert not await memory.set_vector("s", "k1", 7, new)
            assert not await memory.set_vector("s", "none", 1, new)
            assert [await memory.set_vector("s", f"k{number}", 1, new) for number in range(4)] == [True] * 4
            assert await memory.without_vector("s", new.embedder, limit=3) == []
            assert len(await memory.nearest("s", new)) == 4

        self.remember(tmp_path, work)
