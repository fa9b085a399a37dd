"""Who only looks makes no store: a mistyped address is told, and not taken for one without runs."""

import psycopg
import pytest

from podium.store.postgres.address import parsed
from tests.postgres import PostgresServer
from tests.unit.cli.in_process import podium


@pytest.mark.parametrize(
    "command", ["runs list", "inbox list", "workers list", "workers wanted", "audit verify", "store move ADDRESS a.db",
                "store move --undo ADDRESS"],
)  # fmt: skip
def test_a_schema_that_is_no_store_is_told_and_left_as_it_is(
    postgres: PostgresServer, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.address()
    where = parsed(address)
    monkeypatch.setenv("PODIUM_STORE", address)
    told = podium(*(address if word == "ADDRESS" else word for word in command.split()))
    assert told.status == 1
    assert f"there is no store at {where.name} yet. `podium run` makes one; --store names another." in told.err
    with psycopg.connect(where.server) as connection:
        found = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (where.schema,)).fetchall()
    assert found == []
