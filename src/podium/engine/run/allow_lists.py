"""What a run may use, by place: the lists that it was started with, and those that its code has said since."""

from collections.abc import Iterator, Sequence

from podium.model.allow import AllowList
from podium.model.fact import Fact, FactKind
from podium.model.facts.runs import Restarted, Started

_UNDOES = "undo"
"""The part of a key under which a compensation is called: what was allowed may be taken back."""


class RunAllowLists:
    """The allow-lists of one run. They only get more, so what may be used only gets less."""

    __slots__ = ("_by_path", "_started", "any")

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._started = _said_at_start(facts)
        self._by_path: dict[str, list[AllowList]] = {}
        self.any = bool(self._started)
        """Whether there are any, wherever they hold."""

    def narrow(self, path: str, names: AllowList) -> None:
        """Have a list hold for what is asked under a path from now on."""
        self.any = True
        lists = self._by_path.setdefault(path, [])
        if names not in lists:
            lists.append(names)

    def at(self, key: str) -> tuple[AllowList, ...]:
        """Return the lists that hold for what is asked at a key, or under it; none for what undoes."""
        if not self.any or _UNDOES in key.split("."):
            return ()
        if not self._by_path:
            return self._started
        found = [names for path in _paths_above(key) for names in self._by_path.get(path, ())]
        return (*self._started, *found)


def _said_at_start(facts: Sequence[Fact]) -> tuple[AllowList, ...]:
    lists: tuple[AllowList, ...] = ()
    for fact in facts:
        if fact.kind in {FactKind.STARTED, FactKind.RESTARTED} and isinstance(
            said := fact.content, Started | Restarted
        ):
            lists = said.allow
    return lists


def _paths_above(key: str) -> Iterator[str]:
    """Give the paths of the contexts around a key, the innermost first.

    A further attempt of a workflow, `2.r2`, stands beside the first, `2`, and not inside it.
    """
    path = key
    while path:
        yield path
        parent, _, last = path.rpartition(".")
        path = parent.rpartition(".")[0] if last.startswith("r") and last[1:].isdecimal() else parent
    yield ""
