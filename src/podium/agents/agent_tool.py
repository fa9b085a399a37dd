"""An agent of Podium as a tool of an LLM agent: what its model is told of it, and how its use is a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from podium.errors import CallRefused, ConfigError, Forbidden
from podium.model.agent import AnyAgent, must_be_agent
from podium.model.json import Json, is_object
from podium.model.steps import Steps

ONLY = "input"
"""The argument of a tool whose agent takes no object: its whole input."""

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64
"""What every vendor takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool:
    """An agent as a model is told of it."""

    agent: AnyAgent
    name: str
    description: str
    schema: Json
    """JSON Schema of its arguments."""

    def input_of(self, arguments: Mapping[str, Json]) -> Json:
        """Return what the agent is handed, as JSON; raises InvalidValue for arguments that do not fit."""
        takes = self.agent.input
        if _is_nothing(takes.schema):
            return takes.dump(None)
        value: Json = arguments if _has_fields(takes.schema) else arguments.get(ONLY)
        return takes.dump(takes.load(value))

    async def use(self, steps: Steps, input: Json) -> Json:
        """Call the agent; a rule that forbids the call forbids the use of the tool."""
        try:
            return await steps.call(self.agent, input)
        except CallRefused as refused:
            raise Forbidden(refused.rule, str(refused)) from refused


class UsableAsTool:
    """What every agent, team and person is: a tool for a language model that decides when to ask it."""

    __slots__ = ()

    def as_tool(self: AnyAgent, *, name: str | None = None, description: str | None = None) -> AgentTool:
        """Return it as a tool for `llm_agent(tools=[…])`, with another name or description than those of its card.

        `as_tool` of a framework's package makes of it, as of the agent, a tool of that framework. Raises ConfigError
        for an agent without name or description.
        """
        return agent_tool(self, name, description)


def agent_tool(agent: AnyAgent | AgentTool, name: str | None, description: str | None) -> AgentTool:
    """Return an agent as a tool, with the name and the description of its card unless they are given.

    Of what is a tool already these are changed where they are given. Raises ConfigError for an agent without them.
    """
    if isinstance(agent, AgentTool):
        return replace(agent, name=name or agent.name, description=description or agent.description)
    must_be_agent(agent)
    card, schema = agent.card, agent.input.schema
    if card.anonymous:
        raise ConfigError(
            f'{card.name} has no name of its own: a model asks for a tool by its name. Give it one, name="…".'
        )
    told = description or card.description
    if not told:
        raise ConfigError(
            f"{card.name} has no description, so no model knows what it is for: give it one, a docstring or "
            'description="…", or say it with as_tool(…, description="…").'
        )
    called = name or fitting_name(card.name)
    return AgentTool(agent=agent, name=called, description=told, schema=_arguments(schema))


def fitting_name(name: str) -> str:
    """Return a name as every vendor takes it for a tool."""
    return _UNFIT.sub("_", name)[:_LONGEST_NAME]


def _arguments(schema: Json) -> Json:
    """Return the schema of a tool's arguments, which is always that of an object."""
    if _is_nothing(schema):
        return {"type": "object", "properties": {}}
    if _has_fields(schema):
        return schema
    only = {key: value for key, value in schema.items() if key != "$defs"}
    kinds = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {"type": "object", "properties": {ONLY: only}, "required": [ONLY], **kinds}


def _is_nothing(schema: Json) -> bool:
    return is_object(schema) and schema.get("type") == "null"


def _has_fields(schema: Json) -> bool:
    return is_object(schema) and schema.get("type") == "object" and "properties" in schema
