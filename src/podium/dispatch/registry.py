"""Who is there: agents by name, version and capability."""

from collections.abc import Sequence

from podium.errors import UnknownAgent, UsageError
from podium.model.agent import AnyAgent, Card
from podium.model.storable import check_text


class Registry:
    """The agents of one app. Several versions of a name can be registered at once."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[str, AnyAgent]] = {}

    def add(self, agent: AnyAgent) -> bool:
        """Register an agent; False if it is registered. Raises UsageError where another has its name and version."""
        card = agent.card
        versions = self._agents.setdefault(card.name, {})
        known = card.version in versions
        check_text("the name of an agent", card.name)
        check_text(f"the version of agent {card.name}", card.version)
        if versions.setdefault(card.version, agent) is not agent:
            raise UsageError(
                f"two agents are called {card.name!r} version {card.version!r}. Give one another name or version."
            )
        return not known

    def get(self, name: str, version: str | None = None) -> AnyAgent:
        """Return an agent, the newest version if none is named; raises UnknownAgent with what there is."""
        versions = self._agents.get(name)
        if versions is None:
            known = ", ".join(sorted(self._agents)) or "none"
            raise UnknownAgent(f"no agent is called {name!r}. Registered: {known}. Add it with app.register(agent).")
        if version is None:
            return versions[max(versions, key=version_order)]
        if version not in versions:
            raise UnknownAgent(f"{name!r} has no version {version!r}. Registered: {', '.join(sorted(versions))}.")
        return versions[version]

    def versions(self, name: str) -> Sequence[AnyAgent]:
        """Return all versions of an agent, the newest first."""
        versions = self._agents.get(name, {})
        return [versions[each] for each in sorted(versions, key=version_order, reverse=True)]

    def has(self, name: str, version: str) -> bool:
        """Whether an agent is registered."""
        return version in self._agents.get(name, ())

    def knows(self, name: str) -> bool:
        """Whether an agent of that name is registered, of whatever version."""
        return name in self._agents

    def cards(self, capability: str | None = None) -> Sequence[Card]:
        """Return the cards of all agents, or of those that offer a capability, by name, newest version first."""
        return [
            versions[version].card
            for _, versions in sorted(self._agents.items())
            for version in sorted(versions, key=version_order, reverse=True)
            if capability is None or capability in versions[version].card.capabilities
        ]


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key under which 1.10 comes after 1.9, and 2.0 after 2.0-rc1."""
    parts = version.replace("-", ".-").split(".")
    return (*((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts), (0, 1, ""))
