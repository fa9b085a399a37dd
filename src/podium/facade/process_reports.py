"""`app.reports`, with what only a process that drives runs knows of its agents."""

from podium.agents.threads import AGENT_THREADS, ThreadUse
from podium.dispatch.rules.breaker.circuit import CircuitState
from podium.facade.reports import Reports
from podium.facade.scope import Scope
from podium.model.expected import TEXT, check_options, or_none


class ProcessReports(Reports):
    """Reads also what this process alone knows: how its agents are at this moment."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._scope = scope

    async def health(self) -> dict[tuple[str, str], str]:
        """Return what the last checks found, by agent and version: why it cannot work, or an empty text.

        They are those of all processes on the store, but for checks that are not `shared`.
        """
        self._scope.require_installation("the health of agents")
        rules = self._scope.parts.rules
        await rules.conditions.look(rules.cards())
        return rules.checks.faults()

    async def breakers(self) -> dict[tuple[str, str], CircuitState]:
        """Return how the circuit breakers stand of the agents that are registered here, by agent and version.

        Those of a store are common to its processes.
        """
        self._scope.require_installation("circuit breakers")
        rules = self._scope.parts.rules
        return await rules.breakers.states(rules.cards())

    async def threads(self) -> ThreadUse:
        """Return what the threads of this process do, in which synchronous functions run as agents."""
        self._scope.require_installation("the threads of a process")
        self._scope.parts.home.check()
        return AGENT_THREADS.use()

    async def trust(self, agent: str, version: str | None = None) -> int:
        """Return how far an agent is trusted, 0 to 100; of its newest version if none is named."""
        self._scope.require_installation("trust in agents")
        check_options("reports.trust", {"agent": agent, "version": version}, {"agent": TEXT, "version": or_none(TEXT)})
        rules = self._scope.parts.rules
        await rules.trusts.refresh()
        return rules.trusts.of(agent, version or rules.registry.get(agent).card.version)
