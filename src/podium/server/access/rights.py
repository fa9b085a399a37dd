"""Whether whoever is known may do what is asked: by the roles that the document names, and by the policies."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.routing import APIRoute

from podium.errors import NotAllowed
from podium.facade.scoped import ScopedApp
from podium.model.json import Json
from podium.model.principal import ROLES, Principal

ANYONE = "anyone"
"""Stands among the roles of a route for whoever is signed in, but for those who only look, or only answer."""


def admit(request: Request, principal: Principal, app: ScopedApp) -> None:
    """Raise NotAllowed where a principal may not use the route of a request, whatever it is used on."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    allowed = roles_of(route)
    if allowed is not None and not labels(principal) & {*allowed}:
        named = " or ".join(repr(role) for role in allowed if role != ANYONE)
        raise NotAllowed(f"{principal.who} may not {what_is_done(route)}: it takes the role {named}.")
    permit(request, app)


def permit(request: Request, app: ScopedApp, **more: Json) -> None:
    """Raise NotAllowed where the policies do not let whoever an app is scoped to use the route of a request."""
    about: dict[str, Json] = {"method": request.method, **more}
    if not more:
        about |= {"path": request.scope["path"], **request.path_params}
    app.must_be_permitted(request.scope["route"].name, about)


def roles_of(route: APIRoute) -> Sequence[str] | None:
    """Return who may use a route, as the document says it; None where it says nothing."""
    return (route.openapi_extra or {}).get("x-roles")


def labels(principal: Principal) -> set[str]:
    """Return as what a principal counts where a route names roles."""
    return {*(principal.roles & {*ROLES}), *((ANYONE,) if principal.starts else ())}


def what_is_done(route: APIRoute) -> str:
    """Return what a route does, in words: `retry run`."""
    return route.name.replace("_", " ")
