"""An address reaches PostgreSQL's own library as it was written, but for the schema."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from podium.store.postgres.address import parsed

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
