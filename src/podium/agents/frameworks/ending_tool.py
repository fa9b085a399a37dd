"""A tool that ends the turn of an LLM agent, in place of an answer."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingTool:
    """What a model may use in place of an answer: what the function gives is what the agent gives."""

    name: str
    description: str
    function: Callable[..., object]
    """Its parameters are the arguments of the tool; a pure function."""
