"""Tools that end the turn of an agent besides its answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai.output import NativeOutput, OutputSpec, PromptedOutput, ToolOutput

from podium.agents.frameworks.ending_tool import EndingTool
from podium.errors import ConfigError
from podium.model.agent import Shape
from podium.model.expected import is_list
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """How a turn of an agent may end: with an answer of its own, or with one of these tools."""

    tools: Sequence[EndingTool]
    own: Shape[Any]
    """Of the answers of its own."""
    kind: type[object]
    """What the tools give."""
    answer: Callable[[Json], object]
    """Makes of an answer what the agent gives then."""

    def spec(self, own: Any, name: str) -> OutputSpec[Any]:
        """Return the outputs of an agent with these; raises ConfigError where there may be none beside its own."""
        outputs: list[Any] = [*own] if is_list(own) else [own]
        if any(isinstance(each, NativeOutput | PromptedOutput) for each in outputs):
            raise ConfigError(
                f"{name} gives {type(own).__name__}(…), beside which a model has no tools that end its turn: give it a "
                "plain output type."
            )
        return [*outputs, *(_output(each) for each in self.tools)]

    def ended_with(self, value: object) -> object:
        """Return what the agent gives, of what its run came to."""
        return value if isinstance(value, self.kind) else self.answer(self.own.dump(value))

    def has(self, function: str | None) -> bool:
        """Whether a function of this name is one of the tools."""
        return any(each.name == function for each in self.tools)


def _output(tool: EndingTool) -> ToolOutput[Any]:
    def named(*args: Any, **kwargs: Any) -> object:
        return tool.function(*args, **kwargs)

    vars(named).update(__wrapped__=tool.function)
    named.__name__ = tool.name
    named.__annotations__ = tool.function.__annotations__
    return ToolOutput(named, name=tool.name, description=tool.description)
