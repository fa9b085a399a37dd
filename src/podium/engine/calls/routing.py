"""Which agent does a call: the recorded one if there is one, else the one that fits now."""

from collections.abc import Container

from podium.dispatch.dispatcher import Target
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.key_state import KeyState
from podium.errors import MissingAgent, UnknownAgent
from podium.model.agent import AnyAgent
from podium.model.facts.calls import Asked, UndoRegistered


def route(
    active: ActiveRun, key: str, target: Target, record: KeyState | None, barred: Container[str] = ()
) -> tuple[AnyAgent, str | None]:
    """Return the agent for a call, and why it was chosen if the router chose it: not one that is `barred`.

    A call that is over needs its agent only to read its value: another version will do where its own is gone.
    """
    dispatcher = active.runtime.dispatcher
    over = record is not None and record.answered is not None
    asked = None if record is None or record.opened is None else record.opened.content
    if isinstance(asked, Asked):
        name, version, chosen = asked.agent, asked.version, asked.why is not None
        if not isinstance(target, str) and not chosen:
            agent, _ = dispatcher.route(target)
            moved = agent.card.name == name and agent.card.version != version
            if not moved or (over and not dispatcher.registry.has(name, version)):
                return agent, None
            return registered(active, key, name, version), None
        if target == name or chosen:
            gone = over and not dispatcher.registry.has(name, version)
            return registered(active, key, name, None if gone else version), None
    try:
        agent, choice = dispatcher.route(target, barred)
    except UnknownAgent as error:
        if isinstance(target, str):
            raise _waits_for(key, error) from error
        raise
    return agent, None if choice is None else choice.why


def registered(active: ActiveRun, key: str, name: str, version: str | None = None) -> AnyAgent:
    """Return an agent by name; without it the run is blocked, and goes on once the agent is registered."""
    try:
        return active.runtime.dispatcher.registry.get(name, version)
    except UnknownAgent as error:
        raise _waits_for(key, error) from error


def agent_of(active: ActiveRun, key: str, name: str) -> AnyAgent | None:
    """Return the agent to which a call of a name goes under a key, or None: the recorded version, else the newest."""
    registry, record = active.runtime.dispatcher.registry, active.history.records.get(key)
    said = None if record is None or record.opened is None else record.opened.content
    if isinstance(said, Asked | UndoRegistered) and said.agent == name and registry.has(name, said.version):
        return registry.get(name, said.version)
    return registry.get(name) if registry.knows(name) else None


def _waits_for(key: str, error: UnknownAgent) -> MissingAgent:
    return MissingAgent(f"call {key}: {error}")
