"""The application: an app of Podium behind HTTP."""

from importlib import metadata

from fastapi import APIRouter, FastAPI

from podium.app import App
from podium.server.access.bounds import Bounds
from podium.server.access.cors import allow_origins
from podium.server.addresses import PREFIX
from podium.server.answers import MaskedJson
from podium.server.callers import Access
from podium.server.document import TAGS, describe
from podium.server.metrics import CountRequests, Metrics
from podium.server.pages import route as pages
from podium.server.problems import EVERYWHERE, AnswerFaults, answer_errors
from podium.server.readiness import Readiness
from podium.server.routes import (
    agents,
    audit,
    conversations,
    costs,
    dead_letters,
    delegations,
    events,
    feedback,
    grants,
    health,
    inbox,
    incidents,
    keys,
    policies,
    runs,
    sign_in,
    store,
    webhooks,
    workers,
)
from podium.server.streams.frames import Frames
from podium.server.streams.response import OpenStreams

ROUTERS: tuple[tuple[str, APIRouter], ...] = (
    ("runs", runs.router), ("events", events.router), ("inbox", inbox.router), ("agents", agents.router),
    ("conversations", conversations.router),
    ("dead letters", dead_letters.router), ("money", costs.router), ("workers", workers.router),
    ("audit", audit.router), ("policies", policies.router), ("delegations", grants.router),
    ("delegations", delegations.router), ("access", sign_in.router), ("access", keys.router),
    ("incidents", incidents.router), ("feedback", feedback.router), ("store", store.router),
    ("webhooks", webhooks.router),
)  # fmt: skip
"""What is served under `/api/v1`, by tag."""


def application(app: App, access: Access, *, listens_on: str | None = None) -> FastAPI:
    """Return what serves an app that is open, in its own event loop, to those whom `access` knows.

    `listens_on` is the address at which it is reached; without one it is called by any name.
    """
    server = FastAPI(
        title="Podium", version=metadata.version("podium"), openapi_url=f"{PREFIX}/openapi.json", docs_url=None,
        redoc_url=None, redirect_slashes=False, responses=EVERYWHERE, default_response_class=MaskedJson,
        description="Durable teamwork of AI agents: start it, watch it, answer it.",
        generate_unique_id_function=lambda route: route.name,
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS.items()],
    )  # fmt: skip
    server.state.podium, server.state.access, server.state.metrics = app, access, (metrics := Metrics())
    server.state.readiness = Readiness(app.unready)
    server.state.streams, server.state.frames = OpenStreams(), Frames()
    for tag, router in ROUTERS:
        server.include_router(router, prefix=PREFIX, tags=[tag])
    server.include_router(sign_in.pages)
    server.include_router(health.router, tags=["health"])
    server.include_router(pages.router)
    server.add_middleware(AnswerFaults)
    allow_origins(server, app.config.server.origins)
    server.add_middleware(Bounds, settings=app.config.server, listens_on=listens_on)
    server.add_middleware(CountRequests, metrics=metrics)
    answer_errors(server)
    describe(server)
    return server
