"""Where a store on PostgreSQL is: a server, a database, and a schema in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from podium.errors import ConfigError
from podium.store.postgres.timelines import Timelines

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
    servers: Sequence[str] = ()
    """The same for each host alone, where the address names several; they are tried in this order."""
    timelines: Timelines = field(default_factory=Timelines, compare=False, repr=False)
    """What is known of its servers in this process."""


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
    database = known.get("dbname") or known.get("user") or ""
    places = _places(known)
    named = ",".join(f"{host}:{port}" for host, port in places)
    alone = [make_conninfo(server, host=host, port=port) for host, port in places] if len(places) > 1 else [server]
    return Address(server, schema, f"postgresql://{named}/{database} (schema {schema})", alone)


def _places(known: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """Return the hosts of an address, each with its port; several hosts may share one."""
    hosts = [each or "localhost" for each in str(known.get("host") or "").split(",")]
    ports = [each or "5432" for each in str(known.get("port") or "").split(",")]
    if len(ports) not in {1, len(hosts)}:
        raise ConfigError(f"the address of the store has {len(hosts)} hosts and {len(ports)} ports; expected one each.")
    return [*zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=False)]
