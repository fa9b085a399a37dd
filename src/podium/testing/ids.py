"""Identifiers that a test can foretell."""

from collections import Counter


class CountingIds:
    """Gives `run_1`, `run_2`, `q_1` and so on.

    Hand the same object to every app that opens the same store; a second process takes a `place` of its own
    (`CountingIds("b")` gives `run_b1`).
    """

    def __init__(self, place: str = "") -> None:
        self._place = place
        self._counts: Counter[str] = Counter()

    def new(self, prefix: str) -> str:
        """Return the prefix and how many of it there were."""
        self._counts[prefix] += 1
        return f"{prefix}_{self._place}{self._counts[prefix]}"

    def seed(self) -> int:
        """Return 1, 2, 3 and so on."""
        self._counts["seed"] += 1
        return self._counts["seed"]
