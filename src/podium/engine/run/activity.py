"""How many branches of a run have something to do."""

from collections.abc import Callable


class Activity:
    """Counts the branches of one run that are busy, and says so when the last one becomes idle."""

    __slots__ = ("_quiet", "busy")

    def __init__(self, quiet: Callable[[], None]) -> None:
        self.busy = 1
        """How many branches have something to do; a run begins with its main branch."""
        self._quiet = quiet

    def idle(self) -> None:
        """One branch fewer has something to do."""
        self.busy -= 1
        if not self.busy:
            self._quiet()

    def resume(self, count: int = 1) -> None:
        """`count` more branches have something to do."""
        self.busy += count
