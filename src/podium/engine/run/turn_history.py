"""What was asked and answered in each branch of a run, to find agents that go in circles. Each replay rebuilds it."""

import re
from collections import deque

from podium.model.loops import AgentTurn, digest_of

_KEPT = 64

_FEWEST_WORDS = 5
"""An answer of fewer words, such as a verdict, may well be the right one to many questions."""

_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"(:?)')
"""A text in JSON, and the colon after it where it is a name."""


class TurnHistory:
    """The answered calls of one branch."""

    __slots__ = ("_seen", "turns")

    def __init__(self) -> None:
        self.turns: deque[AgentTurn] = deque(maxlen=_KEPT)
        self._seen: set[bytes] = set()

    def note(self, agent: str, asked: bytes, said: bytes) -> None:
        """Take in an answer. Texts that differ in case and spaces only are the same."""
        question, answer, telling = digest_of(asked), digest_of(said), is_telling(said)
        seen = answer if telling else question + answer
        self.turns.append(AgentTurn(agent, question, answer, telling, seen not in self._seen))
        self._seen.add(seen)


def is_telling(said: bytes) -> bool:
    """Whether an answer, as JSON, is long enough that giving it twice means going in a circle."""
    words = 0
    for found in _TEXT.finditer(said):
        words += 0 if found[2] else len(found[1].split())
        if words >= _FEWEST_WORDS:
            return True
    return False
