"""Agents and workflows: what there is, how it goes, and how it is."""

from typing import TypeVar

from typing_extensions import Unpack

from podium.api.agents import AgentBody, AgentReportBody, CheckBody, GraphBody, HeardBody, LimitBody, ServedBody
from podium.api.body import PageBody
from podium.api.lists import AgentsGiven, ListGiven
from podium.client.api_call import ApiCall, get, page
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import AgentsQuery, ListQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class AgentsClient(Resource[W]):
    """`client.agents`."""

    @endpoint
    def get(self, name: str, *, version: str | None = None) -> ApiCall[AgentBody]:
        """Return an agent or a workflow: its card, and the JSON Schemas of what it takes and gives."""
        return get("/agents/{name}", AgentBody, {"version": version}, name=name)

    @endpoint
    def health(self) -> ApiCall[list[HeardBody]]:
        """Return what was last noticed of the health and the breaker of each agent."""
        return get("/agent-health", list[HeardBody])

    @endpoint
    def checks(self) -> ApiCall[list[CheckBody]]:
        """Return what the last checks found of the agents that the server has, and how their breakers stand."""
        return get("/agent-checks", list[CheckBody])

    @endpoint
    def served(self) -> ApiCall[list[ServedBody]]:
        """Return which processes have which workflows and agents, and of which queues they drive runs."""
        return get("/served", list[ServedBody])

    @endpoint
    def limits(self) -> ApiCall[list[LimitBody]]:
        """Return how much may happen at once and in a time: by agent, by model, by tenant."""
        return get("/limits", list[LimitBody])

    @listed
    def reports(self, **filters: Unpack[ListQuery]) -> ApiCall[PageBody[AgentReportBody]]:
        """Tell how the last calls of each agent went: how many failed, how long they took, what they came to."""
        return page("/agent-reports", PageBody[AgentReportBody], ListGiven, filters)

    @listed
    def list(self, **filters: Unpack[AgentsQuery]) -> ApiCall[PageBody[AgentBody]]:
        """List the agents and workflows that the server has, by name, the newest version first."""
        return page("/agents", PageBody[AgentBody], AgentsGiven, filters)


class WorkflowsClient(Resource[W]):
    """`client.workflows`."""

    @endpoint
    def graph(self, name: str, *, version: str | None = None) -> ApiCall[GraphBody]:
        """Draw a workflow as a Mermaid flowchart, without running it."""
        return get("/workflows/{name}/graph", GraphBody, {"version": version}, name=name)

    @listed
    def list(self, **filters: Unpack[AgentsQuery]) -> ApiCall[PageBody[AgentBody]]:
        """List the workflows that can be started, by name, the newest version first."""
        return page("/workflows", PageBody[AgentBody], AgentsGiven, filters)
