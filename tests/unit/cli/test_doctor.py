"""What `podium doctor` says of workers and their runs, on every store."""

from contextlib import closing
from pathlib import Path

import pytest

from podium import run_sync
from podium.operations.moving import move_store
from podium.store.opening import open_store
from podium.store.protocol import Serves
from podium.testing.contracts.hand import Hand, new_run
from tests.postgres import PostgresServer
from tests.unit.cli.in_process import podium


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_run_is_left_once_its_worker_is_gone_and_not_before(
    tmp_path: Path, postgres: PostgresServer, backend: str
) -> None:
    address = postgres.address() if backend == "postgresql" else str(tmp_path / "podium.db")
    with closing(open_store(address)) as store:
        hand = Hand(store, serves=Serves(lease=3_600.0), now=1.0)  # its own clock is decades behind
        hand.start(new_run("a"))
        told = podium("doctor", "--store", address)
        assert "1 worker alive" in told.out
        assert "left by" not in told.out
        Hand(store, "w_2", serves=Serves(lease=1e-9)).start(new_run("b"))
        told = podium("doctor", "--store", address)
        assert "1 worker alive" in told.out
        assert "1 run left by a process that died" in told.out
        assert told.status == 1


def test_a_server_that_is_away_is_not_taken_for_a_store_to_restore() -> None:
    told = podium("doctor", "--store", "postgresql://ann:hush@127.0.0.1:9/desk")
    assert "Mend that, or name another store with --store." in told.out
    assert "backup" not in told.out
    assert "hush" not in told.out
    assert told.status == 1


def test_a_store_that_was_moved_is_spoken_of(tmp_path: Path) -> None:
    old, new = str(tmp_path / "old.db"), str(tmp_path / "new.db")
    open_store(old).close()
    run_sync(move_store(old, new, by="ann", now=0.0))
    told = podium("doctor", "--store", old)
    assert f"the store was moved to {new} by ann" in told.out
    assert "podium store move --undo FROM" in told.out
    assert told.status == 1
    assert "was moved" not in podium("doctor", "--store", new).out
