"""Podium: durable, governed teamwork of AI agents."""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.agents.function import agent
    from podium.agents.human import human
    from podium.agents.memory import memory
    from podium.agents.process import process
    from podium.app import App, run_sync
    from podium.config import Config
    from podium.engine.context import Context
    from podium.engine.workflow import Workflow, workflow
    from podium.errors import CallError, PodiumError, RunError
    from podium.facade.handle import RunHandle
    from podium.facade.run_stream import RunStream
    from podium.model.acceptance import Acceptance
    from podium.model.agent import Agent, Card
    from podium.model.budget import Budget
    from podium.model.call import Call
    from podium.model.clock import days, hours, minutes, seconds
    from podium.model.conversation import ConversationTurn
    from podium.model.principal import Principal
    from podium.model.question import Approval, Choice, Decision, Edit, Escalation
    from podium.model.retry import Retry
    from podium.model.run import Run, RunState
    from podium.model.steps import Steps
    from podium.model.task import Task

__all__ = [
    "Acceptance",
    "Agent",
    "App",
    "Approval",
    "Budget",
    "Call",
    "CallError",
    "Card",
    "Choice",
    "Config",
    "Context",
    "ConversationTurn",
    "Decision",
    "Edit",
    "Escalation",
    "PodiumError",
    "Principal",
    "Retry",
    "Run",
    "RunError",
    "RunHandle",
    "RunState",
    "RunStream",
    "Steps",
    "Task",
    "Workflow",
    "agent",
    "days",
    "hours",
    "human",
    "memory",
    "minutes",
    "process",
    "run_sync",
    "seconds",
    "workflow",
]

lazy.exports(
    __name__,
    {
        "podium.agents.function": "agent",
        "podium.agents.human": "human",
        "podium.agents.memory": "memory",
        "podium.agents.process": "process",
        "podium.app": "App run_sync",
        "podium.config": "Config",
        "podium.engine.context": "Context",
        "podium.engine.workflow": "Workflow workflow",
        "podium.errors": "CallError PodiumError RunError",
        "podium.facade.handle": "RunHandle",
        "podium.facade.run_stream": "RunStream",
        "podium.model.agent": "Agent Card",
        "podium.model.budget": "Budget",
        "podium.model.call": "Call",
        "podium.model.clock": "days hours minutes seconds",
        "podium.model.conversation": "ConversationTurn",
        "podium.model.principal": "Principal",
        "podium.model.acceptance": "Acceptance",
        "podium.model.question": "Approval Choice Decision Edit Escalation",
        "podium.model.retry": "Retry",
        "podium.model.run": "Run RunState",
        "podium.model.steps": "Steps",
        "podium.model.task": "Task",
    },
)
