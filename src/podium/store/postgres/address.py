"""Where a store on PostgreSQL is: a server, a database, and a schema in it."""

from dataclasses import dataclass
from urllib.parse import unquote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from podium.errors import ConfigError

SCHEMA = "podium"
"""Where the tables are, unless the address names another schema."""
_LONGEST = 63
"""PostgreSQL cuts longer names."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address such as `postgresql://ann@db.example.org:5432/desk?schema=staging`, taken apart."""

    server: str
    """What PostgreSQL's own library is given: without the schema, with the password if there is one."""
    schema: str
    name: str
    """What people are told: without the password."""


def parsed(address: str) -> Address:
    """Take an address apart; raises ConfigError where it is none."""
    place, question, query = address.partition("?")
    options = [option.partition("=") for option in query.split("&")]
    schema = next((unquote(value) for name, _, value in reversed(options) if name == "schema"), SCHEMA)
    if not schema or len(schema.encode()) > _LONGEST or "\0" in schema:
        raise ConfigError(f"schema {schema!r} is no name of a schema: expected 1 to {_LONGEST} bytes.")
    kept = "&".join("".join(option) for option in options if option[0] != "schema")
    server = f"{place}{question if kept else ''}{kept}"
    try:
        known = conninfo_to_dict(server)
    except (ProgrammingError, UnicodeError) as error:
        raise ConfigError(
            f"the address of the store is none that PostgreSQL understands: {str(error).strip()}. "
            "Expected postgresql://USER@HOST:PORT/DATABASE."
        ) from error
    host, port = known.get("host") or "localhost", known.get("port") or 5432
    database = known.get("dbname") or known.get("user") or ""
    return Address(server, schema, f"postgresql://{host}:{port}/{database} (schema {schema})")
