"""A store is closed when no thread uses it any more."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from podium.model.audit import Seal
from podium.store.sqlite.store import SqliteStore

WRITTEN: dict[str, Callable[[SqliteStore], object]] = {
    "join": lambda store: store.workers.join("w2", 1.0),
    "beat": lambda store: store.workers.beat("w", 1.0),
    "leave": lambda store: store.workers.leave("w"),
    "seal": lambda store: store.ledger.seal(Seal(n=0, hash=b"", at=0.0, signature=b"")),
    "revoke key": lambda store: store.keys.revoke("k", at=0.0, by="ann"),
    "revoke": lambda store: store.delegations.revoke("d", 0.0),
}
"""What is written in threads."""


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_thread_waits_to_write_is_written_before_the_store_is_closed(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / "x.db")
    store = SqliteStore(path)
    store.workers.join("w", 0.0)
    write = Caught(partial(WRITTEN[name], store))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        write.start()
        write.join(0.1)
        close = Caught(store.close)
        close.start()
        close.join(0.2)
        assert write.is_alive()
        assert close.is_alive(), "the store was closed under a thread that writes"
        other.execute("COMMIT")
        write.join(120)
        close.join(120)
    assert (write.error, close.error) == (None, None)


class Caught(threading.Thread):
    """Does something in a thread, and keeps what it raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
