"""Who is there: agents by name, version and capability."""

import logging
import sys
from collections.abc import Sequence
from types import CodeType

from podium.errors import UnknownAgent, UsageError
from podium.model.agent import AnyAgent, Card
from podium.model.storable import check_text

_LOG = logging.getLogger("podium")


class Registry:
    """The agents of one app. Several versions of a name can be registered at once."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[str, AnyAgent]] = {}
        self._superseded: dict[int, AnyAgent] = {}
        """Those that were defined again, by `id`: runs that have them go on with them."""

    def add(self, agent: AnyAgent) -> bool:
        """Register an agent; False if it is registered. Raises UsageError where another has its name and version.

        One that was defined again, as when a notebook's cell is run again, takes the place of the one before.
        """
        card = agent.card
        check_text("the name of an agent", card.name)
        check_text(f"the version of agent {card.name}", card.version)
        versions = self._agents.setdefault(card.name, {})
        known = versions.get(card.version)
        if known is agent or id(agent) in self._superseded:
            return False
        if known is not None:
            if not _is_defined_again(known, agent):
                raise UsageError(
                    f"two agents are called {card.name!r} version {card.version!r}. Give one another name or version."
                )
            self._superseded[id(known)] = known
            _LOG.info("%s %s was defined again: from now on the new one is called", card.name, card.version)
        versions[card.version] = agent
        return True

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


def _is_defined_again(known: AnyAgent, agent: AnyAgent) -> bool:
    """Whether an agent is what a place of the program made anew, and not another one that happens to be called so.

    In an interactive session, such as a notebook, what is defined last is meant; elsewhere it has to be the same line.
    """
    if type(known) is not type(agent):
        return False
    before, now = _function_of(known), _function_of(agent)
    place = _place_of(now)
    return hasattr(sys, "ps1") or (place is not None and place == _place_of(before) and before is not now)


def _function_of(agent: AnyAgent) -> object:
    return getattr(agent, "__wrapped__", None) or getattr(agent, "function", None)


def _place_of(function: object) -> tuple[str, int, str] | None:
    """Return where a function is written; None for one that is made in another, which may make several."""
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None or "<locals>" in code.co_qualname:
        return None
    return code.co_filename, code.co_firstlineno, code.co_qualname


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key under which 1.10 comes after 1.9, and 2.0 after 2.0-rc1."""
    parts = version.replace("-", ".-").split(".")
    return (*((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts), (0, 1, ""))
