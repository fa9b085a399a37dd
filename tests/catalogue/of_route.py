"""`route`."""

from collections.abc import Mapping

from podium import agent
from podium.patterns.route import route
from tests.catalogue.entry import Entry


@agent
async def route_classify(task: str, routes: Mapping[str, str]) -> str:
    """Send what is long to the first route."""
    return next(iter(routes)) if len(task) > 100 else " short "


@agent
async def route_long(text: str) -> str:
    return text[:100]


ENTRY = Entry(
    build=lambda slot: route({"long": route_long, "short": slot}, route_classify),
    gives="echo go",
)
