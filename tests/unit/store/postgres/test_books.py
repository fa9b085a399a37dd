"""The books of a store on PostgreSQL keep the contracts that those of SQLite keep."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from podium.model.memory import MemoryStore
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import prepare
from podium.store.postgres.tables import PostgresTables
from podium.store.postgres.words import WordTable
from podium.store.tables.memory import TableMemory
from podium.testing import MemoryContract
from tests.postgres import PostgresServer

T = TypeVar("T")


class TestMemoryInPostgres(MemoryContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.address = parsed(postgres.address())
        prepare(self.address)

    def remember(self, folder: Path, work: Callable[[MemoryStore], Awaitable[T]]) -> T:
        tables = PostgresTables(self.address)

        async def run() -> T:
            return await work(TableMemory(tables, WordTable()))

        try:
            return asyncio.run(run())
        finally:
            tables.close()
