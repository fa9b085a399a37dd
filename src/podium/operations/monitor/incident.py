"""The workflow whose runs are the incidents: look into it, help, see whether that helped, or else ask a person."""

from dataclasses import replace
from typing import Literal, Protocol

from typing_extensions import TypeForm

from podium.engine.context import Context
from podium.engine.workflow import Workflow, workflow
from podium.model.agent_kind import MONITOR_KIND
from podium.model.incident import HEALTHY, MONITOR, Ending, MonitorSettings, Problem, ProblemKind
from podium.model.json import Json

_RETRY: TypeForm[str] = Literal["try again", "leave it"]
_REQUEUE: TypeForm[str] = Literal["requeue", "leave it"]


class IncidentActions(Protocol):
    """What an incident can do in the process that drives it. Nothing here raises: what came of it is the value."""

    async def diagnose(self, trouble: Problem) -> Json:
        """Return what facts and log tell."""
        ...

    async def restart(self, name: str, version: str, *, anew: bool) -> Json:
        """Restart what an agent needs; whether that is `possible`, was done (`restarted`), and `why` not.

        It is not possible where that did not help before, lately; `anew` forgets this.
        """
        ...

    async def verify(self, name: str, version: str) -> Json:
        """Look at an agent anew; `condition`, and `why`."""
        ...

    async def substitute_version(self, name: str, version: str) -> Json:
        """Return the version of an agent that is called instead, or None."""
        ...

    async def requeue(self, trouble: Problem) -> Json:
        """Have the runs of a trouble go on from what failed; `requeued`, and `errors` of those that cannot."""
        ...


def incidents(hands: IncidentActions, settings: MonitorSettings) -> Workflow[Problem, Ending]:
    """Return the workflow of incidents, for the hands of this process."""

    @workflow(name=MONITOR, description="See to something that the monitor saw.")
    async def see_to(ctx: Context, trouble: Problem) -> Ending:
        found = await ctx.once("diagnose", lambda: hands.diagnose(trouble))
        match trouble.kind:
            case ProblemKind.AGENT:
                return await _see_to_agent(ctx, trouble, found, hands, settings)
            case ProblemKind.RUN | ProblemKind.FAILURES:
                return await _see_to_runs(ctx, trouble, found, hands, settings)
            case ProblemKind.WORKER:
                return Ending.TAKEN_OVER

    see_to.card = replace(see_to.card, kind=MONITOR_KIND)
    return see_to


async def _see_to_agent(
    ctx: Context, trouble: Problem, found: Json, hands: IncidentActions, settings: MonitorSettings
) -> Ending:
    name, version, answer = trouble.subject, trouble.version, ""
    while True:
        helped = await _restarted(ctx, trouble, hands, settings, wanted=answer == "try again")
        if helped is not None:
            return helped
        if await ctx.once("replace", lambda: hands.substitute_version(name, version)):
            return Ending.REPLACED
        text = f"{name} {version} cannot work: {trouble.why}. What was tried did not help. What is to be done?"
        answer = await ctx.race(ctx.ask(text, answer=_RETRY, subject=found, to=settings.to), ctx.signal(HEALTHY, str))
        if answer != "try again":
            return Ending.LEFT if answer == "leave it" else Ending.RECOVERED


async def _restarted(
    ctx: Context, trouble: Problem, hands: IncidentActions, settings: MonitorSettings, *, wanted: bool
) -> Ending | None:
    """Restart an agent, or wait for it where that cannot be done; `wanted` says that a person wants it tried again."""
    name, version = trouble.subject, trouble.version
    for n in range(settings.restarts):
        anew = wanted and n == 0
        restart = await ctx.once("restart", lambda anew=anew: hands.restart(name, version, anew=anew))
        if not restart["possible"]:
            break
        seen = await ctx.once("verify", lambda: hands.verify(name, version))
        if seen["condition"] == HEALTHY or await ctx.signal(HEALTHY, within=settings.max_wait):
            return Ending.RESTARTED
    return Ending.RECOVERED if await ctx.signal(HEALTHY, within=settings.max_wait) else None


async def _see_to_runs(
    ctx: Context, trouble: Problem, found: Json, hands: IncidentActions, settings: MonitorSettings
) -> Ending:
    what = "Run" if trouble.kind is ProblemKind.RUN else "Workflow"
    text = f"{what} {trouble.subject}: {trouble.why}. Requeue, once the cause is gone?"
    answer = await ctx.race(ctx.ask(text, answer=_REQUEUE, subject=found, to=settings.to), ctx.signal(HEALTHY, str))
    if answer != "requeue":
        return Ending.LEFT if answer == "leave it" else Ending.RECOVERED
    await ctx.once("requeue", lambda: hands.requeue(trouble))
    return Ending.REQUEUED
