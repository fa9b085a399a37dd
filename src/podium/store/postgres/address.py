"""Where a store on PostgreSQL is: a server, a database, and a schema in it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
_SECRETS = ("password", "sslpassword")
_EXPECTED = "Expected postgresql://USER@HOST:PORT/DATABASE; in a password %2F stands for /, %40 for @, %25 for %."


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
    server, options = _taken_apart(address)
    schema = next((unquote(value) for name, value in reversed(options) if name == "schema"), SCHEMA)
    if not schema or len(schema.encode()) > _LONGEST or "\0" in schema:
        raise ConfigError(f"schema {schema!r} is no name of a schema: expected 1 to {_LONGEST} bytes.")
    try:
        known = conninfo_to_dict(server)
    except (ProgrammingError, UnicodeError) as error:
        told = _without_quoted(str(error).strip(), [unquote(name) for name, _ in options])
        raise ConfigError(
            f"the address of the store is none that PostgreSQL understands: {told}. {_EXPECTED}"
        ) from None  # it quotes the password
    _refuse_misplaced(server)
    database = known.get("dbname") or known.get("user") or ""
    places = _places(known)
    named = ",".join(f"{host}:{port}" for host, port in places)
    alone = [make_conninfo(server, host=host, port=port) for host, port in places] if len(places) > 1 else [server]
    return Address(server, schema, f"postgresql://{named}/{database} (schema {schema})", alone)


def _taken_apart(address: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """Return what PostgreSQL's own library is given of an address, and the options, by name, as they are written."""
    place, question, query = address.partition("?")
    options = [option.partition("=") for option in query.split("&")]
    kept = "&".join("".join(option) for option in options if option[0] != "schema")
    return f"{place}{question if kept else ''}{kept}", [(name, value) for name, _, value in options]


def _refuse_misplaced(server: str) -> None:
    """Raise ConfigError for an @ where a host or a database is named: it stood in a password, mostly."""
    place = server.partition("://")[2].partition("?")[0]
    user, at, host = place.partition("@")
    if at and ("/" in user or "@" in host):
        raise ConfigError(f"the address of the store has an @ behind its host. {_EXPECTED}")


def passwords(address: str) -> Iterator[str]:
    """Give the passwords of an address, as PostgreSQL takes them; none where it is no address."""
    try:
        known = conninfo_to_dict(_taken_apart(address)[0])
    except (ProgrammingError, UnicodeError):
        return  # whoever uses it says what is wrong with it
    yield from (str(known[name]) for name in _SECRETS if known.get(name))


def _without_quoted(told: str, names: Collection[str]) -> str:
    """Return what PostgreSQL says of an address without the part of it that it quotes, unless that names an option."""
    start, end = told.find('"'), told.rfind('"')
    quoted = told[start + 1 : end]
    return told if end < 0 or quoted in names else f"{told[:start]}…{told[end + 1 :]}"


def _places(known: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """Return the hosts of an address, each with its port; several hosts may share one."""
    hosts = [each or "localhost" for each in str(known.get("host") or "").split(",")]
    ports = [each or "5432" for each in str(known.get("port") or "").split(",")]
    if len(ports) not in {1, len(hosts)}:
        raise ConfigError(f"the address of the store has {len(hosts)} hosts and {len(ports)} ports; expected one each.")
    if not all(port.isdecimal() for port in ports):
        raise ConfigError(f"the address of the store has a port that is no number. {_EXPECTED}")
    return [*zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=False)]
