"""The agents that are registered with an app, and which of them can be started as runs."""

from typing import TypeVar

from podium.engine.worker.worker import Worker
from podium.engine.workflow import Workflow, is_workflow
from podium.errors import UsageError
from podium.model.agent import Agent, AnyAgent, members_of, must_be_agent
from podium.rule_stack import RuleStack
from podium.services.serving import ServingBoard

In = TypeVar("In")
Out = TypeVar("Out")


class Workflows:
    """Registers agents, and finds the workflow that is to be started."""

    def __init__(self, rules: RuleStack, worker: Worker, board: ServingBoard) -> None:
        self._rules = rules
        self._worker = worker
        self._board = board

    def register(self, *agents: AnyAgent) -> None:
        """Make agents known by name, those in patterns, and tools, too; runs of workflows that wait for them go on."""
        for agent in agents:
            must_be_agent(agent)
        everyone = [*agents, *(part for agent in agents for part in members_of(agent))]
        new = self._rules.add(everyone)
        for agent in everyone:
            if is_workflow(agent):
                self._worker.serve(agent)
        if new:
            self._worker.try_blocked_again()
            self._board.change()

    def find(self, workflow: Agent[In, Out] | str) -> Workflow[In, Out]:
        """Return a workflow that can be started as a run, registered; raises UnknownAgent, or UsageError for others."""
        registry = self._rules.registry
        found = registry.get(workflow) if isinstance(workflow, str) else workflow
        must_be_agent(found)
        if not is_workflow(found):
            raise UsageError(f"{found.card.name} is an agent, not a workflow: only a workflow can be started as a run.")
        if found.card.anonymous:
            raise UsageError(f'{found.card.name} has no name to be found by after a crash: give it one, name="…".')
        self.register(found)
        for name in found.names():
            registry.get(name)  # raises UnknownAgent, before anything runs
        return found

    def has_others(self, workflow: AnyAgent) -> bool:
        """Whether this process has other versions of a workflow."""
        return len(self._rules.registry.versions(workflow.card.name)) > 1

    def of(self, name: str, version: str) -> AnyAgent | None:
        """Return a workflow by name and version, if this process has it."""
        registry = self._rules.registry
        return registry.get(name, version) if registry.has(name, version) else None
