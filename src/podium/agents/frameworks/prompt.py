"""What an agent is asked, of what it is handed."""

import json
from collections.abc import Callable
from typing import TypeVar

from podium.model.agent import Shape

In = TypeVar("In")


def text_of_input(shape: Shape[In]) -> Callable[[In], str]:
    """Return what makes a text of an input: text as it is, anything else as JSON under a short heading."""

    def prompt(value: In) -> str:
        if isinstance(value, str):
            return value
        return "The input, as JSON:\n" + json.dumps(shape.dump(value), ensure_ascii=False)

    return prompt


def correction(feedback: str) -> str:
    """Return what a model is told of its last answer, which was not accepted."""
    return f"Your last answer was not accepted: {feedback}\nAnswer again, and mend that."
