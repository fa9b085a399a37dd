"""An address reaches PostgreSQL's own library as it was written, but for the schema."""

import traceback

import pytest
from psycopg.conninfo import conninfo_to_dict

from podium.errors import ConfigError
from podium.store.opening import shown
from podium.store.postgres.address import parsed, passwords

ADDRESSES = [
    "postgresql:///desk",
    "postgresql://",
    "postgresql://ann@/desk?host=/run/postgresql",
    "postgresql://ann:hush%2Fhush@db.example.org:5433/desk?sslmode=verify-full",
    "postgresql://one:5432,two:5433/desk?target_session_attrs=read-write",
    "postgresql://host/desk?options=-c%20geqo%3Doff&application_name=a+b",
    "postgresql:///desk?service=desk",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("schema", ["podium", "of tests", "a&b"])
def test_what_is_no_schema_is_left_as_it_is(address: str, schema: str) -> None:
    written = schema.replace(" ", "%20").replace("&", "%26")
    with_schema = f"{address}{'&' if '?' in address else '?'}schema={written}"
    found = parsed(with_schema)
    assert found.schema == schema
    assert conninfo_to_dict(found.server) == conninfo_to_dict(address)
    assert parsed(address) == parsed(f"{address}{'&' if '?' in address else '?'}schema=podium")


TOLD = [
    ("postgresql://ann:hush-hush@h/desk", "postgresql://ann:***@h/desk"),
    ("postgresql://ann:hush#hush@h/desk", "postgresql://ann:***@h/desk"),
    ("postgresql://ann:hush?hush@h/desk?sslmode=require", "postgresql://ann:***@h/desk?sslmode=require"),
    ("postgresql://ann:hush[hush@h/desk", "postgresql://ann:***@h/desk"),
    ("postgresql://ann:hush@[::1]:5433/desk", "postgresql://ann:***@[::1]:5433/desk"),
    ("postgresql://h/desk?user=ann&password=hush%20hush", "postgresql://h/desk?user=ann&password=***"),
    ("postgresql://h/desk?sslpassword=hush&schema=a", "postgresql://h/desk?sslpassword=***&schema=a"),
    ("postgresql://ann@one:5432,two:5433/desk", "postgresql://ann@one:5432,two:5433/desk"),
    ("postgresql://ann@h/desk?application_name=a@b", "postgresql://ann@h/desk?application_name=a@b"),
    ("postgresql:///desk?host=/run/postgresql", "postgresql:///desk?host=/run/postgresql"),
]
REFUSED = [
    ("postgresql://ann:100%hush@h/desk", "percent-encoded"),
    ("postgresql://ann:hush hush@h/desk", "unexpected spaces"),
    ("postgresql://ann:hush@[::1/desk", "looking for matching …"),
    ("postgresql://ann:hush/hush@h/desk", "an @ behind"),
    ("postgresql://ann:x@hush@h/desk", "an @ behind"),
    ("postgresql://ann:hush@h:54x/desk", "no number"),
    ("postgresql://h/desk?password=hush%zz", "percent-encoded"),
    ("postgresql://h/desk?password=hush&hush", "missing key/value separator"),
]


@pytest.mark.parametrize(("address", "told"), TOLD)
def test_nobody_is_told_a_password(address: str, told: str) -> None:
    assert shown(address) == told
    assert "hush" not in parsed(address).name


@pytest.mark.parametrize(("address", "why"), REFUSED)
def test_who_is_told_what_is_wrong_with_an_address_is_told_no_password(address: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as raised:
        parsed(address)
    assert "hush" not in str(raised.value)
    assert "hush" not in "".join(traceback.format_exception(raised.value, limit=0))
    assert "hush" not in shown(address)


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(ConfigError, match='invalid URI query parameter: "passwrod"'):
        parsed("postgresql://h/desk?passwrod=hush")


@pytest.mark.parametrize("address", ["postgresql://ann:hush#hush@h/desk", "postgresql://h/desk?password=hush%23hush"])
def test_a_password_is_masked_however_the_address_says_it(address: str) -> None:
    assert list(passwords(address)) == ["hush#hush"]
