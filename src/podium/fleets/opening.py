"""Which fleet a name stands for: `store`, or one that was registered."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from podium.engine.fleet import Fleet
from podium.errors import ConfigError
from podium.fleets.dbos.options import DbosOptions
from podium.fleets.request import FleetRequest, NoOptions, load_options
from podium.fleets.store import StoreFleet, StoreOptions
from podium.fleets.temporal.options import TemporalOptions
from podium.model.fleet import IDLE, STORE
from podium.store.opening import shown

FleetOpener = Callable[[FleetRequest], Awaitable[Fleet]]
"""Opens a fleet, which `Fleet.close` closes; raises ConfigError with what to do where it cannot be had."""


async def _store(request: FleetRequest) -> Fleet:
    options = load_options(StoreOptions, request.settings)
    return StoreFleet(
        request.slots, queues=request.queues, probation=request.lease, affinity_wait=options.affinity_wait
    )


async def _idle(request: FleetRequest) -> Fleet:
    from podium.fleets.idle import IdleFleet  # few processes leave all runs to others

    load_options(NoOptions, request.settings)
    return IdleFleet()


async def _dbos(request: FleetRequest) -> Fleet:
    options = load_options(DbosOptions, request.settings)
    if not request.address.startswith("postgresql://"):
        raise ConfigError(
            "the fleet 'dbos' keeps its queues beside the store, which has to be on PostgreSQL: set store to "
            f"postgresql://USER@HOST:PORT/DATABASE, or fleet to 'store'. The store is {shown(request.address)!r}."
        )
    try:
        from podium.fleets.dbos.opening import open_dbos  # loads DBOS and SQLAlchemy
    except ImportError as error:
        raise ConfigError("the fleet 'dbos' needs DBOS, which is an extra: pip install \"podium[dbos]\"") from error
    return await open_dbos(request, options)


async def _temporal(request: FleetRequest) -> Fleet:
    options = load_options(TemporalOptions, request.settings)
    try:
        from podium.fleets.temporal.opening import open_temporal  # loads Temporal's package
    except ImportError as error:
        raise ConfigError(
            "the fleet 'temporal' needs temporalio, which is an extra: pip install \"podium[temporal]\""
        ) from error
    return await open_temporal(request, options)


OPENERS: dict[str, FleetOpener] = {STORE: _store, IDLE: _idle, "dbos": _dbos, "temporal": _temporal}
"""What opens the fleets of a name."""


def register_fleet(name: str, opener: FleetOpener) -> None:
    """Have the setting `fleet = "NAME"` open a fleet with this function from now on."""
    OPENERS[name] = opener


@asynccontextmanager
async def open_fleet(request: FleetRequest) -> AsyncGenerator[Fleet]:
    """Open the fleet that the settings name, and close it; raises ConfigError where nobody knows it."""
    opener = OPENERS.get(request.settings.kind)
    if opener is None:
        known = ", ".join(sorted(OPENERS))
        raise ConfigError(f"no fleet is known under the name {request.settings.kind!r}. Known: {known}.")
    fleet = await opener(request)
    try:
        yield fleet
    finally:
        await fleet.close(())
