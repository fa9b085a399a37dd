"""How the suites come to a store."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from podium.store.protocol import Store
from podium.testing.contracts.hand import Hand


class OpenedStore:
    """The part of a suite that its implementer gives."""

    durable = True
    """Whether what was committed is there when the store is opened again."""
    moment = 0.001
    """Real seconds after which a commit in a thread is through."""

    def open_store(self, folder: Path) -> Store:
        """Open the store that is kept in a folder, making it if it is not there."""
        raise NotImplementedError

    @contextmanager
    def hand(self, folder: Path, worker: str = "w_1") -> Generator[Hand]:
        """Open the store, as a worker, while a block lasts."""
        hand = Hand(self.open_store(folder), worker)
        try:
            yield hand
        finally:
            hand.close()
