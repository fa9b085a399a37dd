"""The application: an app of Podium behind HTTP."""

from importlib import metadata
from typing import Any

from fastapi import APIRouter, FastAPI

from podium.api.problems import ProblemBody
from podium.app import App
from podium.server.callers import Access
from podium.server.pages import route as pages
from podium.server.problems import EVERYWHERE, answer_errors
from podium.server.routes import events, runs
from podium.server.streams.frames import SystemFrames
from podium.server.streams.response import OpenStreams

PREFIX = "/api/v1"
ROUTERS: tuple[tuple[str, APIRouter], ...] = (("runs", runs.router), ("events", events.router))
"""What is served under `/api/v1`, by tag."""


def application(app: App, access: Access) -> FastAPI:
    """Return what serves an app that is open, in its own event loop, to those whom `access` knows."""
    server = FastAPI(
        title="Podium", version=metadata.version("podium"), openapi_url=f"{PREFIX}/openapi.json", docs_url=None,
        redoc_url=None, redirect_slashes=False, responses=EVERYWHERE,
        description="Durable teamwork of AI agents: start it, watch it, answer it.",
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    server.state.podium, server.state.access = app, access
    server.state.streams, server.state.frames = OpenStreams(), SystemFrames()
    for tag, router in ROUTERS:
        server.include_router(router, prefix=PREFIX, tags=[tag])
    server.include_router(pages.router)
    answer_errors(server)
    _complete(server)
    return server


def _complete(server: FastAPI) -> None:
    """Have the document describe problems, of which no route has one as its model."""
    made = server.openapi

    def document() -> dict[str, Any]:
        if server.openapi_schema is None:
            found = made()
            schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = schema.pop("$defs", {})
            found.setdefault("components", {}).setdefault("schemas", {}).update({**parts, "ProblemBody": schema})
        assert server.openapi_schema is not None
        return server.openapi_schema

    server.openapi = document
