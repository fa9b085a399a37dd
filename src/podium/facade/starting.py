"""Starts runs for a fleet, which is there before the app."""

from typing import Any

from podium.errors import UnknownAgent, UsageError
from podium.facade.scope import Parts
from podium.facade.scoped import ScopedApp
from podium.model.json import Json


class AppStarter:
    """Starts runs in an app once there is one."""

    def __init__(self) -> None:
        self._app: tuple[ScopedApp, Parts] | None = None

    def serve(self, app: ScopedApp, parts: Parts) -> None:
        """Start runs in this app from now on."""
        self._app = app, parts

    def has(self, workflow: str) -> bool:
        """Whether a workflow of that name can be started there."""
        if self._app is None:
            return False
        try:
            self._app[1].workflows.find(workflow)
        except (UnknownAgent, UsageError):
            return False
        return True

    async def start(self, workflow: str, input: Json, **options: Any) -> None:
        """Start a run, with the options of `App.start`."""
        assert self._app is not None  # a fleet is run once the app is there
        await self._app[0].start(workflow, input, **options)
