"""What Cedar gets for a decision: the requests, and the entities that they name."""

import json
from collections.abc import Callable, Mapping, Sequence

import cedarpy

from podium.dispatch.rules.policy.quantified import LISTS
from podium.dispatch.rules.policy.request import Actor, PolicyRequest
from podium.dispatch.rules.policy.values import decimal, entity, reference
from podium.dispatch.rules.policy.words import AGENT, CAPABILITY, GROUP, RUN, TENANT, USER
from podium.model.agent import Card
from podium.model.json import Json
from podium.model.tool import ToolCard

Trust = Callable[[str, str], int]
"""How far an agent of a name and version is trusted, from 0 to 100."""

_entities: Callable[[str], cedarpy.Entities] = vars(cedarpy.Entities)["from_json_str"].__func__
"""Its own types leave the schema's dict open."""


def requests(matter: PolicyRequest, principals: Sequence[Actor]) -> list[Json]:
    """Return one request for each principal, without a context."""
    scope = matter.scope
    action, resource = entity("Action", scope.action), entity(scope.kind, scope.id)
    return [{"principal": entity(*each), "action": action, "resource": resource} for each in principals]


def in_context(
    requests: Sequence[Json], context: Mapping[str, Json], lists: Sequence[Mapping[str, bool]] | None
) -> list[Json]:
    """Return requests with their context, and with what came of the conditions on values of lists for each."""
    if lists is None:
        told = json.dumps(context)
        return [{**each, "context": told} for each in requests]
    return [
        {**each, "context": json.dumps({**context, LISTS: found})} for each, found in zip(requests, lists, strict=True)
    ]


class EntityBuilder:
    """Who there is: turns cards, users and tenants into Cedar's entities."""

    def __init__(
        self, *, cards: Callable[[str], Card | None], trust: Trust, groups: Mapping[str, Sequence[str]]
    ) -> None:
        self._cards = cards
        self._trust = trust
        self._groups = groups

    def entities(self, matter: PolicyRequest) -> cedarpy.Entities:
        """Return everybody and everything that a matter names."""
        call, scope, asked = matter.call, matter.scope, (AGENT, matter.card.name)
        home = [entity(TENANT, call.tenant)]
        if RUN in scope.reads:
            home.append(entity(RUN, call.run))
        found: dict[Actor, Json] = {asked: self._agent(matter.card.name, matter.card, [])}
        for kind, name in matter.principals:
            if kind == USER:
                parents = [*home, *(entity(GROUP, group) for group in self._groups_of(name))]
                found[kind, name] = _entity(kind, name, {"name": name}, parents)
            else:
                card = matter.card if name == matter.card.name else self._cards(name)
                found[kind, name] = self._agent(name, card, home)
        if scope.kind != AGENT:
            said, classes = _of_tool(matter.tool)
            attributes: dict[str, Json] = {"name": scope.id.rpartition("/")[2], "agent": reference(*asked), **said}
            found[scope.kind, scope.id] = _entity(scope.kind, scope.id, attributes, [entity(*asked), *classes])
        return _entities(json.dumps(list(found.values())))

    def _groups_of(self, user: str) -> list[str]:
        return [name for name, members in self._groups.items() if user in members]

    def _agent(self, name: str, card: Card | None, home: Sequence[Json]) -> Json:
        """Return an agent; of one that is not registered here, only its name is known."""
        if card is None:
            return _entity(AGENT, name, {"name": name}, home)
        attributes: dict[str, Json] = {
            "name": name, "version": card.version, "kind": card.kind, "dangerous": card.dangerous,
            "capabilities": sorted(card.capabilities), "effects": card.effects, "model": card.model,
            "trust": self._trust(name, card.version),
        }  # fmt: skip
        if card.usd is not None:
            attributes["usd"] = decimal(card.usd)
        return _entity(AGENT, name, attributes, [*home, *(entity(CAPABILITY, each) for each in card.capabilities)])


def _of_tool(tool: ToolCard | None) -> tuple[Mapping[str, Json], Sequence[Json]]:
    """Return what is said of a tool, and the classes that it is in; its effects only where they were declared."""
    if tool is None:
        return {}, ()
    said: dict[str, Json] = {"read_only": tool.read_only, "capabilities": sorted(tool.capabilities)}
    effects = {} if tool.effects is None else {"effects": tool.effects}
    return said | effects, [entity(CAPABILITY, each) for each in sorted(tool.capabilities)]


def _entity(kind: str, name: str, attributes: Json, parents: Sequence[Json]) -> Json:
    return {"uid": entity(kind, name), "attrs": attributes, "parents": list(parents)}
