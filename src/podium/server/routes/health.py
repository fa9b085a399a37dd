"""For whoever runs the server: whether it lives, whether it can take requests, and its figures."""

from typing import Annotated, Literal, cast

from fastapi import Request, Response
from pydantic import Field

from podium.api.body import ApiBody
from podium.server.callers import ADMINISTERS, PUBLIC, Who, rights
from podium.server.metrics import MEDIA, metrics_of
from podium.server.readiness import Readiness
from podium.server.routing import Routes

router = Routes("health", prefix="")


def readiness_of(request: Request) -> Readiness:
    """Return who knows whether a server is ready."""
    return cast("Readiness", request.app.state.readiness)


_TEXT = {"text/plain": {"schema": {"type": "string"}}}


class HealthBody(ApiBody):
    """Whether the server can do what it is there for."""

    status: Literal["ok", "unready"]
    reason: Annotated[str, Field(description="Why not; empty where it can.")] = ""


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live", openapi_extra=dict(PUBLIC))
async def live() -> HealthBody:
    """Say that the process answers. Whoever gets no answer starts it again."""
    return HealthBody(status="ok")


@router.head("/health/ready", include_in_schema=False)
@router.get(
    "/health/ready", openapi_extra=dict(PUBLIC),
    responses={503: {"model": HealthBody, "description": "It is being stopped, or its store takes nothing."}},
)  # fmt: skip
async def ready(request: Request, response: Response) -> HealthBody:
    """Say whether requests can be sent here: not while it is being stopped, or its store is away, or takes nothing.

    That is so where its disk is full, or it is read-only: whatever is asked to be changed would be refused.
    """
    if await readiness_of(request).hindrance():
        response.status_code = 503
        return HealthBody(status="unready", reason="the server is being stopped, or its store is away or takes nothing")
    return HealthBody(status="ok")


@router.get(
    "/metrics", openapi_extra=rights(*ADMINISTERS), response_class=Response,
    responses={200: {"description": "As Prometheus reads it.", "content": _TEXT}},
)  # fmt: skip
async def metrics(who: Who, request: Request) -> Response:
    """Give the figures of the installation in Prometheus' text format."""
    return Response(await metrics_of(request).text(who.app), media_type=MEDIA)
