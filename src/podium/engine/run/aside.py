"""What was asked for before a retry, and is not asked for any more where it was: it is kept for its like."""

from collections.abc import Iterable, Iterator

from podium.engine.run.key_state import Asking, PutAside


class Aside:
    """Everything that was put aside, by what was asked for and by whom; the oldest comes first."""

    __slots__ = ("_agents", "_alike", "_at", "_last")

    def __init__(self) -> None:
        self._at: dict[int, PutAside] = {}
        self._alike: dict[Asking, dict[int, None]] = {}
        self._agents: dict[str, dict[int, None]] = {}
        self._last = 0

    def __bool__(self) -> bool:
        return bool(self._at)

    def add(self, kept: Iterable[PutAside]) -> None:
        """Keep a call, and after it what it did."""
        for each in kept:
            self._last += 1
            self._at[self._last] = each
            self._alike.setdefault(each.asking, {})[self._last] = None
            self._agents.setdefault(each.asking[0], {})[self._last] = None

    def like(self, asking: Asking) -> Iterator[str]:
        """Give the places where the same was asked for, and given."""
        return (self._at[n].key for n in self._alike.get(asking, ()) if self._at[n].answer is not None)

    def of(self, agent: str) -> Iterator[str]:
        """Give the places where an agent was asked for something."""
        return (self._at[n].key for n in self._agents.get(agent, ()))

    def take(self, place: str, asking: Asking) -> PutAside | None:
        """Take what was given at a place, and with a call all that it did; returns it."""
        for n in self._alike.get(asking, ()):
            if (each := self._at[n]).key == place and each.answer is not None:
                self._drop(n)
                while (inside := self._at.get(n := n + 1)) is not None and inside.key.startswith(f"{place}."):
                    self._drop(n)
                return each
        return None

    def forget(self, under: str) -> None:
        """Drop what was put aside below a key."""
        for n in [n for n, each in self._at.items() if each.key.startswith(f"{under}.")]:
            self._drop(n)

    def _drop(self, n: int) -> None:
        each = self._at.pop(n)
        del self._alike[each.asking][n], self._agents[each.asking[0]][n]
