"""What `podium workers` prints of those that are there, are gone, or never were."""

import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from podium.store.opening import open_store
from podium.store.protocol import Serves, Store
from podium.testing.contracts.hand import Hand, new_run
from tests.unit.cli.in_process import podium

FOR_EVER = 1e9
"""A lease that no test outlasts."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Store]:
    monkeypatch.setenv("PODIUM_STORE", str(tmp_path / "podium.db"))
    with closing(open_store(str(tmp_path / "podium.db"))) as opened:
        yield opened


def test_a_worker_whose_clock_is_behind_is_there(store: Store) -> None:
    Hand(store, now=1.0, serves=Serves(slots=3, lease=FOR_EVER))
    [told] = json.loads(podium("workers", "list", "--json").out)
    assert told["state"] == "driving"
    assert 0 <= told["silence"] < FOR_EVER
    [queue] = json.loads(podium("workers", "queues", "--json").out) or [{"workers": 1}]
    assert queue["workers"] == 1


def test_an_id_stands_on_one_line_on_a_narrow_terminal(store: Store) -> None:
    Hand(store, "w_abcdefghij234567", serves=Serves(lease=FOR_EVER))
    assert "w_abcdefghij234567" in podium("workers", "list", width=50).out


def test_a_queue_that_nobody_knows_is_spoken_of_beside_the_answer(store: Store) -> None:
    hand = Hand(store, serves=Serves(slots=3, lease=FOR_EVER, queues=frozenset({"mail"})))
    hand.start(new_run("r", queue="gpu"), drive=False)
    told = podium("workers", "wanted", "--queue", "gup", "--json")
    assert (told.status, json.loads(told.out)["wanted"]) == (None, 0)
    assert "no run waits or is driven in the queue 'gup', and no worker names it." in told.err
    assert "Those that are known are gpu, mail." in told.err
    for known in ("gpu", "mail"):
        assert podium("workers", "wanted", "--queue", known).err == ""


@pytest.mark.parametrize("wait", [["--wait"], []])
def test_who_has_left_need_not_be_drained(store: Store, wait: list[str]) -> None:
    Hand(store, serves=Serves(lease=FOR_EVER))
    store.workers.leave("w_1")
    told = podium("workers", "drain", "w_1", *wait)
    assert (told.status, told.out) == (None, "worker w_1 has left already: it drives nothing any more\n")
    assert list(store.ledger.entries()) == []


def test_who_was_declared_dead_cannot_be_drained(store: Store) -> None:
    Hand(store, serves=Serves(lease=FOR_EVER))
    store.workers.reap("", {"w_1": 100.0})
    told = podium("workers", "drain", "w_1", "--wait")
    assert told.status == 1
    assert "is gone already" in told.err
