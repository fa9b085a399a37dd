"""The application: an app of Podium behind HTTP."""

from collections.abc import Sequence
from importlib import metadata

from fastapi import FastAPI

from podium.app import App
from podium.server import document
from podium.server.access.bounds import Bounds
from podium.server.access.cors import allow_origins
from podium.server.callers import Access
from podium.server.document import TAGS, Document
from podium.server.metrics import CountRequests, Metrics
from podium.server.pages import route as pages
from podium.server.problems import AnswerFaults, answer_errors
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
from podium.server.routing import Routes, RouteTable
from podium.server.streams.frames import Frames
from podium.server.streams.response import OpenStreams

ROUTES: Sequence[Routes] = (
    runs.router, events.router, inbox.router, agents.router, conversations.router, dead_letters.router, costs.router,
    workers.router, audit.router, policies.router, grants.router, delegations.router, sign_in.router, keys.router,
    incidents.router, feedback.router, store.router, webhooks.router, sign_in.pages, health.router, pages.router,
    document.router,
)  # fmt: skip
"""All that is served, in the order of the document."""


def application(app: App, access: Access, *, listens_on: str | None = None) -> FastAPI:
    """Return what serves an app that is open, in its own event loop, to those whom `access` knows.

    `listens_on` is the address at which it is reached; without one it is called by any name.
    """
    server = FastAPI(
        title="Podium", version=metadata.version("podium"), openapi_url=None, redirect_slashes=False,
        description="Durable teamwork of AI agents: start it, watch it, answer it.",
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS.items()],
    )  # fmt: skip
    server.state.podium, server.state.access, server.state.metrics = app, access, (metrics := Metrics())
    server.state.readiness = Readiness(app.unready)
    server.state.streams, server.state.frames = OpenStreams(), Frames()
    server.router.routes.append(table := RouteTable(ROUTES))
    server.add_middleware(AnswerFaults)
    allow_origins(server, app.config.server.origins)
    server.add_middleware(Bounds, settings=app.config.server, listens_on=listens_on)
    server.add_middleware(CountRequests, metrics=metrics)
    answer_errors(server)
    server.state.document = made = Document(server, table)
    server.openapi = lambda: made.whole
    return server
