"""Podium: durable, governed teamwork of AI agents."""

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
from podium.model.agent import Agent, Card
from podium.model.budget import Budget
from podium.model.call import Call
from podium.model.clock import days, hours, minutes, seconds
from podium.model.principal import Principal
from podium.model.question import Approval, Decision, Escalation
from podium.model.retry import Retry
from podium.model.run import Run, RunState
from podium.model.steps import Steps
from podium.model.task import Task

__all__ = [
    "Agent",
    "App",
    "Approval",
    "Budget",
    "Call",
    "CallError",
    "Card",
    "Config",
    "Context",
    "Decision",
    "Escalation",
    "PodiumError",
    "Principal",
    "Retry",
    "Run",
    "RunError",
    "RunHandle",
    "RunState",
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
