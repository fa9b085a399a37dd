"""The commands of `podium`: each is imported when it is called, not when the commands are listed."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command, get_group

from podium.lazy import importing

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "Start a run, wait for it and print its value.",
        "serve": "Serve the store and the files' workflows over HTTP, and drive their runs, until interrupted.",
        "work": "Drive all runs of the files' workflows that can go on, until none goes on by itself.",
        "budgets": "What may be spent, what is, and what is in doubt.",
        "agents": "Tell how the last calls of each agent went: how many failed, how long they took, what they came to.",
        "health": "Tell how agents are: as runs last noticed, or with FILE by making their checks.",
        "costs": "Add up what was spent, the dearest first, from what is recorded of each model request and call.",
        "graph": "Print a workflow as a Mermaid flowchart.",
        "validate": "Load a file, check it, and print the agents and workflows in it; nothing is run.",
        "init": "Write a small project that runs as it is: a team of agents, its settings, a test, a README.",
        "doctor": "Check the installation and the store.",
        "runs": "Look at runs, stop them, change them.",
        "inbox": "What waits for people.",
        "conversations": "What was said in conversations; fork, redact, delete them.",
        "dead-letters": "Runs that failed for good or were quarantined.",
        "policy": "Who may do what.",
        "delegate": "Who outside may act for whom.",
        "keys": "With what programs sign in to the server.",
        "sessions": "Browsers that are signed in to the server.",
        "webhooks": "Other programs that are told what happens.",
        "workers": "Who drives runs, how queues stand, and draining a worker.",
        "store": "Copy or move the store, check a copy, delete what is old, make its file smaller.",
        "audit": "Whether the store is as it was written, and who did what.",
        "incidents": "What the monitor saw go wrong, and what was done about it.",
    }
)
"""What is listed without importing anything: by name, how the command's own help begins.

A command is in the file of its name: the function of that name, or `commands`, a group.
"""


class CommandOnUse(TyperCommand):
    """Stands for a command where commands are listed, and hands over to it when it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command, and have it read its arguments."""
        return imported(self.name or "").make_context(info_name, args, parent, **extra)


def add_all(app: typer.Typer) -> None:
    """Add all commands, each to be imported when it is called."""
    for name, told in COMMANDS.items():
        app.command(name, cls=CommandOnUse, help=told)(_nothing)


def imported(name: str) -> Any:
    """Return a command after importing its file."""
    with importing():
        file = import_module(f"podium.cli.commands.{name.replace('-', '_')}")
    group: typer.Typer | None = getattr(file, "commands", None)
    if group is not None:
        return get_group(group)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    alone.command(name)(getattr(file, name))
    return get_command(alone)


def _nothing() -> None:
    """Stand for the function of a command that is not imported yet; it is never called."""
