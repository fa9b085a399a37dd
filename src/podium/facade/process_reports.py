"""`app.reports`, with what only a process that drives runs knows of its agents."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.agents.threads import AGENT_THREADS, ThreadUse
from podium.errors import NotPossible
from podium.facade.reports import Reports
from podium.facade.scope import Scope
from podium.in_threads import in_thread
from podium.model.audit import Audit
from podium.model.breaker import CircuitState
from podium.model.expected import TEXT, check_options, or_none
from podium.model.run import RunState
from podium.operations.auditing import audit_apart, checker_set
from podium.store.opening import shown
from podium.store.protocol import StoreSize


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """The store as a whole."""

    address: str
    """Without a password."""
    size: StoreSize
    runs: Mapping[RunState, int]
    """How many there are of each state that any has."""


class ProcessReports(Reports):
    """Reads also what this process alone knows: how its agents are at this moment."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._scope = scope

    @property
    def now(self) -> float:
        """The time by the clock of the app, in seconds since 1970."""
        return self._scope.clock.now()

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

    async def store(self) -> StoreReport:
        """Return where the store is, how much room it takes, and how many runs of each state it has."""
        self._scope.require_installation("the store")
        parts = self._scope.parts
        size = await in_thread(parts.store.upkeep.size)
        return StoreReport(address=shown(parts.address or ""), size=size, runs=await parts.store.run_counts())

    async def verify_store(self) -> Audit:
        """Check all chains, the ledger and its seals, as they are at one moment, while everybody goes on.

        The store is opened once more for that. Seals are checked with the key of the settings, if there is one. Raises
        NotPossible for a store that no one else can open.
        """
        self._scope.require_installation("the audit of the store")
        parts = self._scope.parts
        if parts.address is None:
            raise NotPossible("the store was handed to the app open: open it by its address to audit it in use.")
        return await audit_apart(parts.address, checker_set(parts.config.audit))

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
