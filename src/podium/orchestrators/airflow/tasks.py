"""Runs of Podium in tasks of Airflow. Needs Airflow, which whoever has DAGs has."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from airflow.sdk import BaseOperator, get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from podium.agents.shape import free_json
from podium.app import App
from podium.errors import InvalidValue, RunCancelled, RunError, UsageError
from podium.model.agent import Agent, AnyAgent
from podium.model.json import Json, encode_as_is
from podium.orchestrators.hosted import Host, cancel_run, run_hosted, start_hosted

In = TypeVar("In")
Out = TypeVar("Out")

_NOBODYS = "airflow-only-starts"
"""The queue that a process serves which starts runs and drives none."""


async def run(
    app: App, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> Out:
    """Run a workflow of Podium from a task of Airflow that is an async function. Options: see `App.start`.

    The run belongs to the task instance, the workflow and its input, or the `key` instead of that: the task tried again
    comes to the same run, and one that failed goes on from what failed. A cancel cancels the run, and another try of
    the task after that begins another one. Raises RunFailed, or AirflowFailException where another try does not help.
    """
    try:
        return await run_hosted(app, _host(get_current_context()), workflow, input, key=key, **options)
    except (RunCancelled, UsageError) as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


class PodiumOperator(BaseOperator):
    """A task that starts a run of a workflow of Podium and returns its value.

    The run belongs to the task instance: whichever try of it comes to the same run, and one that failed goes on from
    what failed. With `deferrable` the task is in nobody's way while its run waits, for people perhaps: the run is
    driven by a worker of Podium that has the workflow, and the triggerer waits for its end. Without, the task drives it
    itself. Stopping the task cancels the run; another try of the task after that begins another one.
    """

    template_fields: Sequence[str] = ("podium_input", "podium_key")

    def __init__(
        self, *, workflow: Agent[Any, Any], store: str, input: Any = None, agents: Iterable[AnyAgent] = (),
        key: str | None = None, deferrable: bool = False, settings: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """`agents` are those that the workflow calls by name; `settings` go to `App.open`, `options` to `App.start`.

        With `deferrable` the settings go to the triggerer too, so they are to be JSON; raises UsageError for others.
        """
        super().__init__(**kwargs)
        if deferrable:
            _as_json(settings or {})
        self.podium_workflow = workflow
        self.podium_store = store
        self.podium_input = input
        self.podium_agents = (workflow, *agents)
        self.podium_key = key
        self.podium_settings = dict(settings or {})
        self.podium_options = dict(options or {})
        self.deferrable = deferrable
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Json]] | None = None

    def execute(self, context: Any) -> Json:
        """Run the workflow, or start it and hand the waiting over."""
        host = _host(context)
        try:
            if not self.deferrable:
                return asyncio.run(self._run(host))
            started = asyncio.run(self._start(host))
        except (RunCancelled, UsageError) as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            raise AirflowException("the task was stopped, and its run of Podium cancelled") from None
        trigger = PodiumTrigger(store=self.podium_store, run_id=started, settings=self.podium_settings)
        return self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: Mapping[str, Json]) -> Json:
        """Return the value of a run that the triggerer waited for; raises as that failed, in its own words."""
        if "value" in event:
            return event["value"]
        if event["stopped"]:  # with a try before this one, which had not yet come to its end when this one began
            return self.execute(context)
        raise (AirflowFailException if event["for_good"] else AirflowException)(event["error"])

    def on_kill(self) -> None:
        """Cancel the run that is driven here."""
        if self._running is not None:
            loop, running = self._running
            loop.call_soon_threadsafe(running.cancel)

    async def _run(self, host: Host) -> Json:
        task = asyncio.current_task()
        assert task is not None
        self._running = asyncio.get_running_loop(), task
        try:
            async with App.open(self.podium_store, agents=self.podium_agents, **self.podium_settings) as app:
                value = await run_hosted(
                    app, host, self.podium_workflow, self.podium_input, key=self.podium_key, **self.podium_options
                )
                return free_json(value)
        finally:
            self._running = None

    async def _start(self, host: Host) -> str:
        settings: dict[str, Any] = {**self.podium_settings, "queues": [_NOBODYS]}
        async with App.open(self.podium_store, agents=self.podium_agents, **settings) as app:
            handle = await start_hosted(
                app, host, self.podium_workflow, self.podium_input, key=self.podium_key, **self.podium_options
            )
            return handle.id


class PodiumTrigger(BaseTrigger):
    """Waits in the triggerer for the end of a run, whoever drives it."""

    def __init__(self, store: str, run_id: str, settings: Mapping[str, Json] | None = None) -> None:
        """`settings` go to `App.open`."""
        super().__init__()
        self.store = store
        self.run_id = run_id
        self.settings = dict(settings or {})

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what it is made of again in the triggerer."""
        made_of = {"store": self.store, "run_id": self.run_id, "settings": self.settings}
        return f"{__name__}.{type(self).__name__}", made_of

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell the value or the failure."""
        async with App.open(self.store, **self._settings) as app:
            handle = await app.handle(self.run_id)
            try:
                said: dict[str, Json] = {"value": free_json(await handle.result())}
            except RunError as error:
                said = {
                    "error": f"{type(error).__name__}: {error}", "for_good": isinstance(error, RunCancelled),
                    "stopped": _AIRFLOW.has_stopped(await handle.status()),
                }  # fmt: skip
        yield TriggerEvent(said)

    @property
    def _settings(self) -> dict[str, Any]:
        return {**self.settings, "queues": [_NOBODYS]}

    async def on_kill(self) -> None:
        """Cancel the run: a person stopped the task."""
        await cancel_run(self.store, self.run_id, _AIRFLOW.stop, **self._settings)


_AIRFLOW = Host(system="airflow", task=())


def _as_json(settings: Mapping[str, Any]) -> None:
    """Raise UsageError unless the settings can be handed to the triggerer."""
    for name, value in settings.items():
        try:
            encode_as_is(value)
        except InvalidValue as error:
            raise UsageError(
                f"the setting {name} of a deferrable PodiumOperator is {value!r:.200}; the triggerer is handed its "
                "settings as JSON: texts, numbers, lists and tables. Put others into a podium.toml."
            ) from error


def _host(context: Any) -> Host:
    task = context["ti"]
    index = () if task.map_index is None or task.map_index < 0 else (str(task.map_index),)
    return Host(system="airflow", task=(task.dag_id, task.run_id, task.task_id, *index))
