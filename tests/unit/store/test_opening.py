"""A store is opened by its address."""

from pathlib import Path

import pytest

from podium import App
from podium.config import Config, load_config
from podium.errors import ConfigError, UsageError
from podium.store import opening
from podium.store.opening import open_store, register_store, sqlite_path
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from tests.postgres import PostgresServer


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(opening.OPENERS, "far", opening.OPENERS["sqlite"])


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("desk.db", "desk.db"), ("/srv/desk.db", "/srv/desk.db"), ("sqlite:///desk.db", "desk.db"),
        ("sqlite:////srv/desk.db", "/srv/desk.db"), (":memory:", None), ("sqlite:///:memory:", None),
        ("sqlite://", None), ("postgres://host/db", None),
    ],
)  # fmt: skip
def test_an_address_stands_for_a_file_in_sqlite(address: str, path: str | None) -> None:
    assert sqlite_path(address) == path


async def test_an_empty_address_is_not_a_store_that_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"sets store to ''; expected a file, an address"):
        load_config(store="")
    monkeypatch.setenv("PODIUM_STORE", "")
    with pytest.raises(ConfigError, match=r"the environment sets store to ''; expected a file, an address"):
        async with App.open():
            pass
    with pytest.raises(UsageError, match="a file or an address"):
        Config(store="")


def test_a_host_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names a host"):
        open_store("sqlite://desk.db")


def test_a_scheme_that_nobody_registered_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"no store is known for postgres:// .* Known: postgresql://, sqlite://"):
        open_store("postgres://host/db")


def test_a_password_is_not_told() -> None:
    with pytest.raises(ConfigError) as raised:
        open_store("mysql://ann:hunter2@host:3306/db?x=1")
    assert "mysql://ann:***@host:3306/db?x=1" in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_an_address_of_postgresql_is_opened_by_its_own_store(postgres: PostgresServer) -> None:
    address = postgres.address()
    async with App.open(address) as app:
        assert isinstance(app.store, PostgresStore)
    with pytest.raises(ConfigError, match="expected 1 to 63 bytes"):
        open_store(f"{address}&schema=")


@pytest.mark.usefixtures("only_here")
async def test_a_scheme_that_was_registered_is_opened_by_whoever_registered_it(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def opened(address: str, durability: str) -> Store:
        asked.append((address, durability))
        return SqliteStore(str(tmp_path / "behind.db"))

    register_store("far", opened)
    async with App.open("far://host/db", durability="power"):
        pass
    assert asked == [("far://host/db", "power")]
    assert (tmp_path / "behind.db").exists()


async def test_an_app_opens_an_sqlite_address(tmp_path: Path) -> None:
    async with App.open(f"sqlite:///{tmp_path}/deep.db"):
        pass
    assert (tmp_path / "deep.db").exists()
