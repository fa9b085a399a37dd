"""Runs of Podium in flows of Prefect. Needs Prefect, which whoever has flows has."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from prefect.runtime import flow_run, task_run

from podium.app import App
from podium.errors import UsageError
from podium.model.agent import Agent
from podium.orchestrators.hosted import Host, cancel_all, run_hosted

In = TypeVar("In")
Out = TypeVar("Out")


class _FlowRun(Protocol):
    @property
    def id(self) -> object: ...


async def run(
    app: App, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> Out:
    """Run a workflow of Podium from a flow or a task of Prefect and return its value. Options: see `App.start`.

    The run belongs to the flow run, the workflow and its input: whichever try of the task or of the flow asks for the
    same comes to the same run, and one that failed goes on from what failed. A `key` names the run instead, where the
    input is another at each try, or the same work is to be done twice. A cancel cancels the run. Raises RunFailed,
    RunCancelled or RunBlocked, UsageError outside of a flow.
    """
    within = flow_run.id or task_run.id
    if within is None:
        raise UsageError("podium.orchestrators.prefect.run is called in a flow or a task; elsewhere: `app.run(…)`.")
    return await run_hosted(app, _host(within), workflow, input, key=key, **options)


def cancel_runs(store: str | Path) -> Callable[[Any, _FlowRun, Any], Awaitable[None]]:
    """Return a hook for flows that cancels their runs of Podium: `@flow(on_cancellation=[cancel_runs("desk.db")])`.

    Prefect kills the process of a flow run that is cancelled, and calls the hook in another one.
    """

    async def cancel_runs_of_podium(_flow: object, run: _FlowRun, _state: object) -> None:
        await cancel_all(store, _host(str(run.id)))

    return cancel_runs_of_podium


def _host(run: str) -> Host:
    return Host(system="prefect", task=(run,))
