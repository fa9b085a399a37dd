"""A schema of a PostgreSQL database becomes a store, or is refused with a reason."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from podium.errors import ConfigError, NotAStore, StoreLost, StoreUnavailable
from podium.store.postgres import connection
from podium.store.postgres.address import Address, parsed
from podium.store.postgres.columns import Blobs, Bools, Column, Floats, Ints, Texts
from podium.store.postgres.connection import connect, prepare
from podium.store.postgres.sql import migrations
from tests.postgres import PostgresServer


@pytest.fixture
def address(postgres: PostgresServer) -> Address:
    return parsed(postgres.address())


def version_of(address: Address) -> int:
    with connect(address) as opened:
        row = opened.execute("SELECT version FROM podium_store").fetchone()
    assert row is not None
    return row[0]


def test_a_store_is_made_once(address: Address) -> None:
    prepare(address)
    with connect(address) as opened:
        opened.execute("INSERT INTO shared_states VALUES ('a', 1.0, '')")
    prepare(address)
    with connect(address) as opened:
        assert opened.execute("SELECT name FROM shared_states").fetchall() == [("a",)]
    assert version_of(address) == migrations()[-1][0]


def test_processes_that_open_a_new_store_at_once_make_it_once(address: Address) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(prepare, [address] * 6))
    assert version_of(address) == migrations()[-1][0]


def test_a_schema_of_another_program_is_left_alone(address: Address) -> None:
    with psycopg.connect(address.server, autocommit=True) as opened:
        opened.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(address.schema)))
        opened.execute(sql.SQL("CREATE TABLE {}.theirs ()").format(sql.Identifier(address.schema)))
    with pytest.raises(NotAStore, match=r"tables of another program\. Name another one with \?schema=NAME"):
        prepare(address)


def test_a_store_of_a_newer_podium_is_refused(address: Address) -> None:
    prepare(address)
    with connect(address) as opened:
        opened.execute("UPDATE podium_store SET version = 999")
    with pytest.raises(NotAStore, match=r"schema 999, this one knows \d+\)\. Update Podium"):
        prepare(address)


def test_a_user_without_rights_is_told_which_are_missing_and_not_that_the_store_is_lost(address: Address) -> None:
    user = f"weak_{address.schema}"
    weak = replace(address, servers=[make_conninfo(address.server, user=user)])
    with connect(address) as opened:
        opened.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(user)))
        refused(weak, "permission denied for database")
        prepare(address)
        refused(weak, "permission denied for schema")
        opened.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(address.schema), sql.Identifier(user))
        )
        refused(weak, "permission denied for table podium_store")


def refused(address: Address, why: str) -> None:
    with pytest.raises(StoreUnavailable, match=rf"may not do this: {why}.*Grant it the right, or name") as raised:
        prepare(address)
    assert not isinstance(raised.value, StoreLost)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"postgresql://127\.0\.0\.1:9/desk \(schema podium\)") as raised:
        prepare(parsed("postgresql://ann:hush@127.0.0.1:9/desk"))
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("postgresql://host/db?schema=", "no name of a schema"),
        (f"postgresql://host/db?schema={'x' * 64}", "no name of a schema"),
        ("postgresql://host/db?nonsense=1", "Expected postgresql://USER@HOST:PORT/DATABASE"),
        ("postgresql://a:1,b:2/db?port=1,2,3", "2 hosts and 3 ports"),
    ],
)
def test_an_address_that_is_none_is_one_clear_error(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parsed(text)


def test_an_address_of_several_servers_names_each_and_tries_them_in_order() -> None:
    address = parsed("postgresql://ann:hush@a:5433,b,c:5434/desk?target_session_attrs=read-write&schema=s")
    assert address.name == "postgresql://a:5433,b:5432,c:5434/desk (schema s)"
    asked = [conninfo_to_dict(each) for each in address.servers]
    assert [(each["host"], each["port"]) for each in asked] == [("a", "5433"), ("b", "5432"), ("c", "5434")]
    assert {(each["dbname"], each["password"], each["target_session_attrs"]) for each in asked} == {
        ("desk", "hush", "read-write")
    }


def test_the_first_server_of_an_address_that_can_be_reached_is_taken(postgres: PostgresServer) -> None:
    address = parsed(postgres.address().replace("host=", "host=/nowhere,"))
    prepare(address)
    assert version_of(address) == migrations()[-1][0]


def test_where_no_server_of_an_address_can_be_reached_each_says_why() -> None:
    with pytest.raises(StoreUnavailable, match=r"nowhere:5432,.*elsewhere:5432.*none of its servers can be used: .*;"):
        prepare(parsed("postgresql://ann@/desk?host=/nowhere,/elsewhere"))


def test_a_server_that_another_one_has_gone_on_from_is_refused(address: Address) -> None:
    prepare(address)
    with connect(address) as opened:
        row = opened.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert row is not None
    assert address.timelines.goes_on(row[0], 2)  # it was promoted, and this process wrote to it
    with pytest.raises(psycopg.OperationalError, match="on timeline 1, and another one has gone on"):
        connect(address)


@pytest.mark.parametrize(
    ("column", "type_of"),
    [
        (Ints([1, None, -(2**63), 2**63 - 1]), "bigint"), (Floats([0.1, None, float("inf")]), "double precision"),
        (Bools([True, None, False]), "boolean"), (Texts(["", None, "é😀"]), "text"),
        (Blobs([b"", None, b"\0\xff"]), "bytea"), (Ints([]), "bigint"), (Texts([]), "text"),
    ],
)  # fmt: skip
def test_the_server_reads_columns_as_they_were(address: Address, column: Column, type_of: str) -> None:
    with connect(address) as opened:
        query = f"SELECT * FROM unnest(%s::{type_of}[])".encode()
        rows = opened.execute(query, (column,), binary=True).fetchall()
    assert [row[0] for row in rows] == column.values


def test_a_pooler_that_gives_connections_away_between_transactions_is_refused(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = connect(address)

    def same(_: str) -> connection.Connection:
        return shared

    monkeypatch.setattr(connection, "_bare", same)
    with pytest.raises(StoreUnavailable, match=r"pooler that gives connections away .*pool_mode = session"):
        prepare(address)
