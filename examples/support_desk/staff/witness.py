"""The witness: a file outside the store that says which calls were really carried out, and how often."""

import os
from typing import Generic, TypeVar

from podium import Agent, Call, Steps
from podium.model.outcome import Outcome

I = TypeVar("I")  # noqa: E741 - input and output, as in podium.model.agent
O = TypeVar("O")  # noqa: E741 - the same

FILE = "SUPPORT_DESK_WITNESS"
"""The environment variable that names the file; without it nothing is written."""


class Witnessed(Generic[I, O]):
    """An agent that appends a line to the witness before it does its work, so that also a killed call is counted."""

    def __init__(self, agent: Agent[I, O]) -> None:
        self.agent = agent
        self.card = agent.card
        self.input = agent.input
        self.output = agent.output

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Testify, then have the agent do the work."""
        path = os.environ.get(FILE)
        if path is not None:
            _append(path, f"{call.run} {call.key} {call.attempt} {call.agent}\n")
        return await self.agent.run(call, steps)

    async def verify(self, call: Call) -> Outcome | None:
        """Ask the agent."""
        return await self.agent.verify(call)


def _append(path: str, line: str) -> None:
    """Append a line in one write: lines of several processes do not mix, and a kill loses none."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
