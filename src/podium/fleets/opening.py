"""Which fleet a name stands for: `store`, or one that was registered."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from podium.engine.fleet import Fleet
from podium.errors import ConfigError
from podium.fleets.request import FleetRequest, NoOptions, load_options
from podium.fleets.store import StoreFleet
from podium.model.fleet import STORE

FleetOpener = Callable[[FleetRequest], Awaitable[Fleet]]
"""Opens a fleet, which `Fleet.close` closes; raises ConfigError with what to do where it cannot be had."""


async def _store(request: FleetRequest) -> Fleet:
    load_options(NoOptions, request.settings)
    return StoreFleet(request.slots, queues=request.queues, probation=request.lease)


OPENERS: dict[str, FleetOpener] = {STORE: _store}
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
