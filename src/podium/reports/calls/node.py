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

    def total(self) -> Spent:
        """Return what it used up: as recorded of it, or else as recorded of its parts."""
        total = Spent()
        if self.spent is not None:
            total.add(self.spent)
            return total
        for child in self.children:
            total.add(child.total())
        return total

    def walk(self) -> Iterator["CallNode"]:
        """Give the node and everything under it, in the order of the keys."""
        yield self
        for child in self.children:
            yield from child.walk()


def spent_of(usage: Usage | None) -> Spent | None:
    """Return what a fact says was used up."""
    return None if usage is None else Spent(usage.input_tokens, usage.output_tokens, usage.usd)
