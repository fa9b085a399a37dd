"""`app.agents`: who is registered here, what each takes and gives, and how the workflows go."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.errors import UsageError
from podium.facade.filters import EXPECTED, SEARCHED
from podium.facade.paging import page_of
from podium.facade.scope import Scope
from podium.model.agent import AnyAgent, Card
from podium.model.expected import FLAG, NAME, TEXT, check_options, or_none
from podium.model.json import Json
from podium.model.limit import Limit
from podium.patterns.building.pattern import is_pattern
from podium.reports.calls.source import source_chart
from podium.store.protocol import Page

_LISTED = {
    "text": or_none(SEARCHED), "workflows": or_none(FLAG), "limit": EXPECTED["limit"], "cursor": EXPECTED["cursor"],
}  # fmt: skip
_NAMED = {"name": NAME, "version": or_none(TEXT)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEntry:
    """An agent that is registered, or a workflow: its card, and the JSON Schemas of what it takes and gives."""

    card: Card
    """As the rules of the settings fill it in."""
    input: Json
    output: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit:
    """A limit, and what it bounds."""

    kind: str
    """`agent`, `model` or `tenant`."""
    name: str
    """Of the agent, model or tenant; `*` is each that is not named."""
    limit: Limit


class RegisteredAgents:
    """Looks at the agents that are registered in this process. To call one there are workflows."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(
        self, *, text: str | None = None, workflows: bool | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[AgentEntry]:
        """Return agents by name, the newest version first: those with a text in the name or description.

        With `workflows` only those that can be started as runs, or with False only the others.
        """
        given = {"text": text, "workflows": workflows, "limit": limit, "cursor": cursor}
        check_options("agents.list", given, _LISTED)
        cards = [card for card in self._scope.parts.rules.cards() if _wanted(card, text, workflows=workflows)]
        page = page_of(cards, _place, limit=limit, cursor=cursor)
        return Page(tuple(self._entry(card) for card in page), page.cursor)

    async def get(self, name: str, version: str | None = None) -> AgentEntry:
        """Return an agent, its newest version if none is named; raises UnknownAgent."""
        rules = self._scope.parts.rules
        return self._entry(rules.dispatcher.card(self._agent(name, version)))

    async def graph(self, name: str, version: str | None = None) -> str:
        """Return a workflow as a Mermaid flowchart, read off its source; of a pattern, as it is made. Nothing is run.

        Raises UnknownAgent, and UsageError for what is no workflow, or where its source cannot be read.
        """
        found = self._agent(name, version)
        if not found.card.traits.runs_inline:
            raise UsageError(f"{name} is an agent, not a workflow: only a workflow can be drawn.")
        if is_pattern(found):
            return found.graph()
        function = getattr(found, "function", None)
        return source_chart(found, getattr(function, "__globals__", {}))

    async def limits(self) -> Sequence[SetLimit]:
        """Return how much may happen at once and in a time: by agent, by model, by tenant.

        Of a principal the limits of other tenants are left out.
        """
        rules, settings, user = self._scope.parts.rules, self._scope.parts.config.limits, self._scope.confined
        of_agents = {card.name: card.limit for card in reversed(rules.cards()) if card.limit is not None}
        tenants = {
            name: limit for name, limit in settings.tenants.items() if user is None or name in (user.tenant, "*")
        }
        kinds = {"agent": of_agents, "model": settings.models, "tenant": tenants}
        return [
            SetLimit(kind=kind, name=name, limit=limit)
            for kind, limits in kinds.items()
            for name, limit in sorted(limits.items())
        ]

    def _agent(self, name: str, version: str | None) -> AnyAgent:
        check_options("agents", {"name": name, "version": version}, _NAMED)
        return self._scope.parts.rules.registry.get(name, version)

    def _entry(self, card: Card) -> AgentEntry:
        agent = self._scope.parts.rules.registry.get(card.name, card.version)
        return AgentEntry(card=card, input=agent.input.schema, output=agent.output.schema)


def _wanted(card: Card, text: str | None, *, workflows: bool | None) -> bool:
    said = f"{card.name}\n{card.description}".casefold()
    return (text is None or text.casefold() in said) and (workflows is None or card.traits.runs_inline is workflows)


def _place(card: Card) -> str:
    return f"{card.name}@{card.version}"
