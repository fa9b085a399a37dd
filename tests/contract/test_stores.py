"""The contracts of stores and engines, over every store there is, in both durabilities."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from podium.model.memory import MemoryStore
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Store
from podium.store.sqlite import connection
from podium.store.sqlite.store import SqliteStore
from podium.testing import EngineContract, MemoryContract, PlainMemory, StoreContract
from tests.postgres import PostgresServer

T = TypeVar("T")


class InFile:
    def open_store(self, folder: Path) -> Store:
        return SqliteStore(str(folder / "podium.db"))


class InFileForPower:
    moment = 0.05

    @pytest.fixture
    def tmp_path(self, disk_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Have a disk to wait for, and little of it set aside: writing megabytes takes longer than a test."""
        monkeypatch.setattr(connection, "_RESERVED_ROWS", 8)
        return disk_path

    def open_store(self, folder: Path) -> Store:
        return SqliteStore(str(folder / "podium.db"), durability="power")


class InMemory:
    durable = False

    def open_store(self, folder: Path) -> Store:
        return SqliteStore(":memory:")


class InPostgres:
    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.server = postgres
        self.addresses = dict[Path, str]()

    def open_store(self, folder: Path) -> Store:
        if folder not in self.addresses:
            self.addresses[folder] = self.server.address()
        return PostgresStore(self.addresses[folder])


class TestStoreInFile(InFile, StoreContract): ...


class TestStoreInPostgres(InPostgres, StoreContract): ...


@pytest.mark.system
class TestMemoryInPostgres(InPostgres, MemoryContract): ...


@pytest.mark.system
class TestEngineInPostgres(InPostgres, EngineContract): ...


class TestStoreInFileForPower(InFileForPower, StoreContract): ...


class TestStoreInMemory(InMemory, StoreContract): ...


class TestMemoryInFile(InFile, MemoryContract): ...


class TestMemoryInMemory(InMemory, MemoryContract): ...


class TestPlainMemory(MemoryContract):
    def remember(self, folder: Path, work: Callable[[MemoryStore], Awaitable[T]]) -> T:
        async def run() -> T:
            return await work(PlainMemory())

        return asyncio.run(run())


class TestEngineInFile(InFile, EngineContract): ...


class TestEngineInFileForPower(InFileForPower, EngineContract): ...


class TestEngineInMemory(InMemory, EngineContract): ...
