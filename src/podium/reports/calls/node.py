"""One line of a run's tree, and what it used up."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from podium.model.outcome import Usage


@dataclass(slots=True)
class Spent:
    """What was used up: tokens, requests to models, US dollars."""

    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None

    def add(self, other: "Spent") -> None:
        """Count what somebody else used up."""
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        if other.usd is not None:
            self.usd = (self.usd or 0.0) + other.usd


@dataclass(slots=True)
class CallNode:
    """One thing of a run: a call, a step, a wait, a choice, or a branch that holds further ones."""

    key: str
    kind: str = "branch"
    """call, workflow, step, sleep, signal, wait, question, child, choice, look-up, undo or branch."""
    name: str = ""
    state: str = ""
    """done, failed, refused, expired, cancelled, or empty while it is open."""
    began: float | None = None
    ended: float | None = None
    attempts: int = 1
    note: str = ""
    """What it waits for while it is open, why it failed, or what was chosen."""
    traceback: str = ""
    """Where the error came from with which it failed."""
    due: float | None = None
    """When its wait ends by itself, in seconds since 1970."""
    waits: str = ""
    """`question`, `timer`, `signal`, `run`, `retry` or `held` where it waits durably."""
    notices: list[str] = field(default_factory=list[str])
    """What rules did with it, and who stood in for whom."""
    run: str | None = None
    """The child run that it started."""
    question: str | None = None
    spent: Spent | None = None
    """What was recorded of this node itself."""
    children: list["CallNode"] = field(default_factory=list["CallNode"])
    _total: Spent | None = None
    """What it came to with its parts, once that was added up."""

    def total(self) -> Spent:
        """Return what it used up: as recorded of it, or else as recorded of its parts. Ask when the tree is whole."""
        if self._total is None:
            self._total = Spent()
            for part in self.children if self.spent is None else ():
                self._total.add(part.total())
            if self.spent is not None:
                self._total.add(self.spent)
        return self._total

    def walk(self) -> Iterator["CallNode"]:
        """Give the node and everything under it, in the order of the keys."""
        waiting: list[CallNode] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def spent_of(usage: Usage | None) -> Spent | None:
    """Return what a fact says was used up."""
    return None if usage is None else Spent(usage.input_tokens, usage.output_tokens, usage.usd)
