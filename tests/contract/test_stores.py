"""The contracts of stores and engines, over every store there is, in both durabilities."""

from pathlib import Path

import pytest

from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import EngineContract, MemoryContract, StoreContract


class InFile:
    def open_store(self, folder: Path) -> Store:
        return SqliteStore(str(folder / "podium.db"))


class InFileForPower:
    moment = 0.05

    @pytest.fixture
    def tmp_path(self, disk_path: Path) -> Path:
        """Have a disk to wait for."""
        return disk_path

    def open_store(self, folder: Path) -> Store:
        return SqliteStore(str(folder / "podium.db"), durability="power")


class InMemory:
    durable = False

    def open_store(self, folder: Path) -> Store:
        return SqliteStore(":memory:")


class TestStoreInFile(InFile, StoreContract): ...


class TestStoreInFileForPower(InFileForPower, StoreContract): ...


class TestStoreInMemory(InMemory, StoreContract): ...


class TestMemoryInFile(InFile, MemoryContract): ...


class TestMemoryInMemory(InMemory, MemoryContract): ...


class TestEngineInFile(InFile, EngineContract): ...


class TestEngineInFileForPower(InFileForPower, EngineContract): ...


class TestEngineInMemory(InMemory, EngineContract): ...
