"""What was asked and said in each branch of a run, as far as it takes to see circles. Rebuilt by each replay."""

from collections import deque

from podium.model.loops import Turn, digest_of

_KEPT = 64


class BranchTrail:
    """The answered calls of one branch."""

    __slots__ = ("_said", "turns")

    def __init__(self) -> None:
        self.turns: deque[Turn] = deque(maxlen=_KEPT)
        self._said: set[bytes] = set()

    def note(self, agent: str, asked: bytes, said: bytes) -> None:
        """Take in an answer. Texts that differ in case and spaces only are the same."""
        digest = digest_of(said)
        self.turns.append(Turn(agent, digest_of(asked), digest, digest not in self._said))
        self._said.add(digest)
