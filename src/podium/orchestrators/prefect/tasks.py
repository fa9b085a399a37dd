"""Runs of Podium in flows of Prefect. Needs Prefect, which whoever has flows has."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from prefect import runtime

from podium.app import App
from podium.errors import UsageError
from podium.model.agent import Agent, AnyAgent
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
    within = runtime.flow_run.id or runtime.task_run.id
    if within is None:
        raise UsageError("podium.orchestrators.prefect.run is called in a flow or a task; elsewhere: `app.run(…)`.")
    return await run_hosted(app, _host(within), workflow, input, key=key, **options)


def cancel_runs(
    store: str | Path, *, agents: Iterable[AnyAgent] = ()
) -> Callable[[Any, _FlowRun, Any], Awaitable[None]]:
    """Return a hook for flows that cancels their runs of Podium: `@flow(on_cancellation=[cancel_runs("desk.db")])`.

    Prefect kills the process of a flow run that is cancelled, and calls the hook in another one. With the workflows of
    the runs as `agents` the runs undo there what they did; else a worker of Podium has them do so.
    """

    async def cancel_runs_of_podium(flow: object, flow_run: _FlowRun, state: object) -> None:
        del flow, state  # handed over by name
        await cancel_all(store, _host(str(flow_run.id)), agents)

    return cancel_runs_of_podium


def _host(run: str) -> Host:
    return Host(system="prefect", task=(run,))
