"""The support desk that `podium serve --demo` brings along: the example of that name, with tickets on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.app import App
from podium.cli.load import load
from podium.model.agent import AnyAgent

INSTALLED = Path(__file__).parents[1] / "demo/support_desk"
"""Where a wheel has it; `pyproject.toml` puts it there."""
SOURCE = Path(__file__).parents[3] / "examples/support_desk"
"""Where the sources have it."""
_TICKETS = 12
_WORKFLOW = "desk"


@dataclass(frozen=True, slots=True)
class Demo:
    """The desk, and what comes in."""

    agents: Sequence[AnyAgent]
    tickets: Sequence[dict[str, Any]]

    async def begin(self, app: App) -> None:
        """Put the tickets on the desk; those that lie there from an earlier start are not put there again."""
        for ticket in self.tickets:
            await app.start(_WORKFLOW, ticket, tag=f"demo:{ticket['id']}")


def support_desk() -> Demo:
    """Return the support desk; it needs no model and no key."""
    folder = INSTALLED if INSTALLED.is_dir() else SOURCE
    lines = (folder / "tickets/scored.jsonl").read_text(encoding="utf-8").splitlines()
    known = [json.loads(line) for line in lines[:_TICKETS]]
    tickets = [{name: each[name] for name in ("id", "subject", "body")} for each in known]
    return Demo(load(folder / "desk.py").agents, tickets)
