"""Opens the fleet on DBOS, or says what it lacks."""

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from podium.engine.fleet import Fleet
from podium.errors import ConfigError
from podium.fleets.dbos.executor import Executor
from podium.fleets.dbos.fleet import DbosFleet
from podium.fleets.dbos.options import LONGEST_NAME, DbosOptions
from podium.fleets.dbos.placements import Placements
from podium.fleets.dbos.schedules import check
from podium.fleets.request import FleetRequest
from podium.in_threads import in_thread
from podium.store.postgres.address import parsed


async def open_dbos(request: FleetRequest, options: DbosOptions) -> Fleet:
    """Make DBOS's tables where they are missing; raises ConfigError where that cannot be."""
    Executor.check()
    check(options.schedules)
    where = parsed(request.address)
    schema = options.schema or f"{where.schema}_dbos"
    if len(schema.encode()) > LONGEST_NAME:
        raise ConfigError(
            f"the schema {schema!r} of the fleet 'dbos' has more than {LONGEST_NAME} bytes: name another with its "
            "option 'schema'."
        )
    if schema == where.schema:
        raise ConfigError(
            f"the schema {schema!r} of the fleet 'dbos' is that of the store, whose tables are nobody else's: name "
            "another with its option 'schema', or leave that out."
        )
    url = make_url(where.server).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    try:
        await in_thread(Placements.make_tables, url, schema)
    except SQLAlchemyError as error:
        raise ConfigError(
            f"the fleet 'dbos' cannot make or bring up to date its tables in the schema {schema!r} of {where.name}: "
            f"{_said(error)}. The role of the store needs the right to create a schema there, once."
        ) from error
    placements = Placements(url, schema, options, slots=request.slots, lease=request.lease)
    return DbosFleet(request, options, placements, url, schema)


def _said(error: SQLAlchemyError) -> str:
    """Return what the server said, in one line."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(said).split())
