"""What `podium doctor` says of workers and their runs, on every store."""

from contextlib import closing
from pathlib import Path

import pytest

from podium.model.clock import SystemClock
from podium.store.opening import open_store
from podium.testing.contracts.hand import Hand, new_run
from tests.postgres import PostgresServer
from tests.unit.cli.in_process import podium


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_run_is_left_once_its_worker_is_gone_and_not_before(
    tmp_path: Path, postgres: PostgresServer, backend: str
) -> None:
    address = postgres.address() if backend == "postgresql" else str(tmp_path / "podium.db")
    with closing(open_store(address)) as store:
        hand = Hand(store, now=SystemClock().now() + 3_600.0)  # it beats for the next hour
        hand.start(new_run("a"))
        told = podium("doctor", "--store", address)
        assert "1 worker alive" in told.out
        assert "left by" not in told.out
        store.workers.beat("w_1", 1.0)
        told = podium("doctor", "--store", address)
        assert "0 workers alive" in told.out
        assert "1 run left by a process that died" in told.out
        assert told.status == 1


def test_a_server_that_is_away_is_not_taken_for_a_store_to_restore() -> None:
    told = podium("doctor", "--store", "postgresql://ann:hush@127.0.0.1:9/desk")
    assert "Mend that, or name another store with --store." in told.out
    assert "backup" not in told.out
    assert "hush" not in told.out
    assert told.status == 1
