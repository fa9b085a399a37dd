"""Agents and workflows: what there is, how it goes, and how it is."""

from typing import Annotated

from fastapi import Query

from podium.api.agents import (
    AgentBody,
    AgentReportBody,
    CheckBody,
    GraphBody,
    HeardBody,
    LimitBody,
    ServedBody,
)
from podium.api.body import PageBody
from podium.api.lists import AgentsGiven, ListGiven
from podium.server.callers import ADMINISTERS, READS, RequestScope, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("agents")
_Version = Annotated[str | None, Query(description="The newest, where none is named.", min_length=1)]


@router.get("/agents", openapi_extra=rights(*READS))
async def list_agents(who: Who, given: Annotated[AgentsGiven, Query()]) -> PageBody[AgentBody]:
    """List the agents and workflows that the server has, by name, the newest version first."""
    return await _listed(who, given, workflows=None)


@router.get("/agents/{name:path}", openapi_extra=rights(*READS), responses=responses(404))
async def show_agent(name: str, who: Who, version: _Version = None) -> AgentBody:
    """Show an agent or a workflow: its card, and the JSON Schemas of what it takes and gives."""
    return AgentBody.of(await who.app.agents.get(name, version))


@router.get("/workflows", openapi_extra=rights(*READS))
async def list_workflows(who: Who, given: Annotated[AgentsGiven, Query()]) -> PageBody[AgentBody]:
    """List the workflows that can be started here, by name, the newest version first."""
    return await _listed(who, given, workflows=True)


@router.get("/workflows/{name:path}/graph", openapi_extra=rights(*READS), responses=responses(404))
async def draw_workflow(name: str, who: Who, version: _Version = None) -> GraphBody:
    """Draw a workflow as a Mermaid flowchart, as it can be read off its source without running it."""
    return GraphBody(mermaid=await who.app.agents.graph(name, version))


@router.get("/agent-reports", openapi_extra=rights(*READS))
async def list_agent_reports(who: Who, given: Annotated[ListGiven, Query()]) -> PageBody[AgentReportBody]:
    """Tell how the last calls of each agent went: how many failed, how long they took, what they came to."""
    page = await who.app.reports.agents(**given.filters())
    return PageBody(items=[AgentReportBody.of(each) for each in page], cursor=page.cursor)


@router.get("/agent-health", openapi_extra=rights(*READS))
async def list_agent_health(who: Who) -> list[HeardBody]:
    """Tell what was last noticed of the health and the breaker of each agent, by name and version."""
    return [HeardBody.of(each) for each in await who.app.reports.noticed()]


@router.get("/agent-checks", openapi_extra=rights(*ADMINISTERS))
async def list_agent_checks(who: Who) -> list[CheckBody]:
    """Tell what the last checks found of the agents that the server has, and how their circuit breakers stand."""
    faults, breakers = await who.app.reports.health(), await who.app.reports.breakers()
    return [
        CheckBody(agent=name, version=version, fault=faults.get((name, version)), breaker=breakers.get((name, version)))
        for name, version in sorted({*faults, *breakers})
    ]


@router.get("/served", openapi_extra=rights(*ADMINISTERS))
async def list_served(who: Who) -> list[ServedBody]:
    """Tell which processes have which workflows and agents, and of which queues they drive runs."""
    found = [
        ServedBody(
            name=name, version=version, kind="workflow" if names is each.workflows else "agent", worker=each.worker,
            queues=None if each.queues is None else list(each.queues),
        )
        for each in await who.app.reports.serving()
        for names in (each.workflows, each.agents)
        for name, versions in names.items()
        for version in versions
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each.kind != "workflow", each.name, each.version, each.worker))


@router.get("/limits", openapi_extra=rights(*READS))
async def list_limits(who: Who) -> list[LimitBody]:
    """Tell how much may happen at once and in a time: by agent, by model, by tenant."""
    return [LimitBody.of(each) for each in await who.app.agents.limits()]


async def _listed(who: RequestScope, given: AgentsGiven, *, workflows: bool | None) -> PageBody[AgentBody]:
    page = await who.app.agents.list(**given.filters(), workflows=workflows)
    return PageBody(items=[AgentBody.of(each) for each in page], cursor=page.cursor)
