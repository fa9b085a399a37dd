"""What an error of the OpenAI Agents SDK means to Podium."""

from collections.abc import Generator
from contextlib import contextmanager

from agents import (
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelRefusalError,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    UserError,
)

from podium.agents.frameworks.failure import chain_of, of_vendor
from podium.errors import AgentError, BadAnswer, Refusal

_STOPPED = (
    InputGuardrailTripwireTriggered, MaxTurnsExceeded, ModelRefusalError, OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered, ToolOutputGuardrailTripwireTriggered,
)  # fmt: skip


@contextmanager
def podium_errors() -> Generator[None]:
    """Raise Podium's own error instead of one that has a meaning to a retry; of a tool what it raised itself."""
    try:
        yield
    except AgentError:
        raise
    except Exception as problem:  # the boundary to a foreign agent: what has no meaning here is raised as it is
        ours = _translated(problem)
        if ours is None:
            raise
        if ours is problem.__cause__:
            raise ours from ours.__cause__
        raise ours from problem


def _translated(problem: Exception) -> BaseException | None:
    if isinstance(problem, _STOPPED):
        return Refusal(str(problem) or type(problem).__name__)
    if isinstance(problem, ModelBehaviorError):
        return BadAnswer(str(problem))
    found = next((ours for each in chain_of(problem) if (ours := of_vendor(each)) is not None), None)
    return found or (problem.__cause__ if isinstance(problem, UserError) else None)
