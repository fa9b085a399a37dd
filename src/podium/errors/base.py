"""What all errors of Podium are."""

from typing import ClassVar, Self


class PodiumError(Exception):
    """An error of Podium. `code` is stable and is its page in the documentation."""

    code: ClassVar[str] = "podium"
    keys: tuple[str, ...] = ()
    """In a workflow: the calls that failed, or whose answers cannot be used. A retry of the run asks them again."""
    status: int | None = None
    """With which a server answered, where a client of one raises it."""

    def about(self, *keys: str) -> Self:
        """Say which calls it is about, `raise NoDecision("…").about(call.key)`, unless that is known; returns it."""
        self.keys = self.keys or keys
        return self
