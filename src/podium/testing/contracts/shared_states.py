"""What a store must do with the small states that its processes share."""

import asyncio
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from podium.model.shared_states import SharedStates
from podium.testing.contracts.hand import Hand
from podium.testing.contracts.opened import OpenedStore

_LONG = 1e12


def _states(hand: Hand) -> SharedStates:
    assert hand.store.states is not None
    return hand.store.states


async def _swap(states: SharedStates, name: str, seen: bytes, state: bytes, *, until: float = _LONG) -> bool:
    return await states.swap(name, seen, state, now=100.0, until=until)


async def _add(states: SharedStates, times: int) -> int:
    """Count a state up so many times; returns how often somebody else was faster."""
    lost = 0
    for _ in range(times):
        while not await _swap(states, "count", seen := await states.get("count"), b"%d" % (int(seen or b"0") + 1)):
            lost += 1
            await asyncio.wait([asyncio.ensure_future(states.get("count"))])  # gives way
    return lost


class SharedStatesContract(OpenedStore):
    """A state is replaced by who has seen what it replaces, in whichever process.

    A store that no other process can open keeps none, and says so.
    """

    @contextmanager
    def _hands(self, folder: Path, *workers: str) -> Generator[list[Hand]]:
        """Open the store as several workers; as none where there is nothing to share."""
        with ExitStack() as stack:
            hands = [stack.enter_context(self.hand(folder, worker)) for worker in workers]
            assert all((hand.store.states is not None) == self.durable for hand in hands)
            yield hands if self.durable else []

    def test_a_state_is_replaced_only_as_it_was_seen(self, tmp_path: Path) -> None:
        async def work(hand: Hand) -> None:
            states = _states(hand)
            assert await states.get("a") == b""
            assert not await _swap(states, "a", b"another", b"1")
            assert await _swap(states, "a", b"", b"1")
            assert not await _swap(states, "a", b"", b"2")
            assert await _swap(states, "a", b"1", b"2")
            assert [await states.get(name) for name in ("a", "b")] == [b"2", b""]

        with self._hands(tmp_path, "w_1") as hands:
            for hand in hands:
                hand.told(work(hand))

    def test_a_state_of_no_bytes_is_none(self, tmp_path: Path) -> None:
        async def work(hand: Hand) -> None:
            states = _states(hand)
            assert await _swap(states, "a", b"", b"")
            assert await _swap(states, "a", b"", b"1")
            assert not await _swap(states, "a", b"", b"")
            assert not await _swap(states, "a", b"2", b"")
            assert await _swap(states, "a", b"1", b"")
            assert await states.get("a") == b""
            assert await _swap(states, "a", b"", b"3")

        with self._hands(tmp_path, "w_1") as hands:
            for hand in hands:
                hand.told(work(hand))

    def test_all_who_have_the_store_open_see_the_same_state_and_lose_no_change(self, tmp_path: Path) -> None:
        async def work(one: Hand, other: Hand) -> None:
            await asyncio.gather(_add(_states(one), 50), _add(_states(other), 50))
            assert await _states(one).get("count") == await _states(other).get("count") == b"100"

        with self._hands(tmp_path, "w_1", "w_2") as hands:
            for one, other in pairwise(hands):
                one.told(work(one, other))

    def test_states_are_found_by_how_their_names_begin(self, tmp_path: Path) -> None:
        async def work(hand: Hand) -> None:
            states = _states(hand)
            for name in ("a:1", "a:2", "a", "b:1", "a;", "A:3", "a:é"):
                assert await _swap(states, name, b"", name.encode())
            assert await states.named("a:") == {name: name.encode() for name in ("a:1", "a:2", "a:é")}
            assert await states.named("c:") == {}

        with self._hands(tmp_path, "w_1") as hands:
            for hand in hands:
                hand.told(work(hand))

    def test_the_time_of_a_store_goes_on_as_that_of_this_machine_does(self, tmp_path: Path) -> None:
        async def work(one: Hand, other: Hand) -> None:
            begun = time.monotonic()  # noqa: TID251 - what a server says is compared with time that passes
            first, second = await _states(one).time(), await _states(other).time()
            passed = time.monotonic() - begun  # noqa: TID251 - the same
            assert (first is None) == (second is None)  # None: all have one clock, that of the machine
            if first is not None and second is not None:
                assert 0.0 <= second - first <= passed + 0.01

        with self._hands(tmp_path, "w_1", "w_2") as hands:
            for one, other in pairwise(hands):
                one.told(work(one, other))

    def test_a_state_is_there_when_the_store_is_opened_again(self, tmp_path: Path) -> None:
        with self._hands(tmp_path, "w_1") as hands:
            for hand in hands:
                hand.told(_swap(_states(hand), "a", b"", b"\x00\xff"))
        with self._hands(tmp_path, "w_2") as hands:
            for hand in hands:
                hand.told(_kept(hand))

    def test_those_that_mean_nothing_any_more_do_not_pile_up(self, tmp_path: Path) -> None:
        async def work(hand: Hand) -> int:
            states = _states(hand)
            for n in range(500):
                assert await _swap(states, f"{n * 7919 % 1000:03}", b"", b"1", until=50.0)
            return len([n for n in range(1000) if await states.get(f"{n:03}")])

        with self._hands(tmp_path, "w_1") as hands:
            for hand in hands:
                assert hand.told(work(hand)) < 250


async def _kept(hand: Hand) -> None:
    assert await _states(hand).get("a") == b"\x00\xff"
