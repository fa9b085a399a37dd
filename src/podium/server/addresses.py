"""Addresses of routes, as they are written: what is told of a request, wherever it is told."""

from starlette.types import Scope

PREFIX = "/api/v1"
"""What stands before the routes of the API."""


def route_of(scope: Scope) -> str:
    """Return the address of a route as it is written: there are few of them, and none lets whoever reads it in."""
    return getattr(scope.get("route"), "path", "none")
