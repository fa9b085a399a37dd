"""What a caller tells an agent of what was said."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What somebody said."""

    text: str
    author: str | None = None
    """The name of the agent that said it; None for whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An input that tells what was said: to a language model as messages, to any other agent as one text."""

    text: str
    """All of it. This is the input: it is recorded, and rules and guards see it."""
    said: Sequence[Utterance]
    """The messages, the oldest first: an agent's own words come to it as its own, those of others under their names."""
    ask: str
    """What a language model is asked after these."""
