"""The shared board of `blackboard`: entries that many read and post, and who watches them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal

from podium.model.json import Json
from podium.patterns.building.added import added
from podium.patterns.building.expression import Predicate
from podium.patterns.building.inputs import plain
from podium.patterns.building.members import Member

Merge = Callable[[Any, Any], object]
"""Of the entry that is on the board by now and the one that was to be posted, the one to keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who watches a board, made by `watch`."""

    agent: Member
    when: Predicate
    """A rule of the `board`: whether the agent has something to do."""
    once: bool = False
    """Whether it is done after the first act that was posted."""


def watch(agent: Member, *, when: Predicate, once: bool = False) -> Watcher:
    """Return an agent that acts on a board, for `blackboard`, whenever `when`, a rule of the `board`, holds.

    It acts again as long as the rule holds on a board on which it has not acted yet, be it changed by its own posts; so
    write rules that are over once it has acted, such as `!("summary" in board)`. With `once` it acts once.
    """
    return Watcher(agent=agent, when=when, once=once)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What was on a board in the end, and why it ended."""

    entries: dict[str, Json]
    ended: Literal["quiescence", "decision", "bound", "failure"]
    """`quiescence`: no watcher had anything to do. `decision`: `until` has come. `bound`: no act was left. `failure`: a
    watcher failed, which only a board in a Partial says."""
    acts: int
    """How often an agent was called."""
    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A board as a watcher saw it."""

    entries: dict[str, Json]
    versions: Mapping[str, int]
    digest: str
    """The same for boards with the same entries."""


class Entries:
    """The entries of a board. Each has a version, so that what changed since a snapshot is never overwritten."""

    def __init__(self, entries: Mapping[str, Json], merge: Mapping[str, Merge]) -> None:
        self._entries = {key: value for key, value in entries.items() if value is not None}
        self._versions = Counter[str]()
        self._merge = merge

    def snapshot(self) -> Snapshot:
        """Return the board as it is now."""
        digest = sha256(_text(self._entries).encode()).hexdigest()
        return Snapshot(entries=dict(self._entries), versions=dict(self._versions), digest=digest)

    def post(self, seen: Snapshot, posted: Mapping[str, Json]) -> bool:
        """Post the entries of one act, all or none; False where one of them was changed since it was seen.

        One that was changed is merged, if its key has a function for that. None takes an entry off the board.
        """
        kept: dict[str, Json] = {}
        for key, new in posted.items():
            old = self._entries.get(key)
            if self._versions[key] == seen.versions.get(key, 0):
                kept[key] = new
            elif key in self._merge and old is not None and new is not None:
                kept[key] = plain(self._merge[key](old, new))
            else:
                return False  # also where both are the same: two that counted to 1 have not counted to 2
        for key, value in kept.items():
            self._put(key, value)
        return True

    def _put(self, key: str, value: Json) -> None:
        if _text(self._entries.get(key)) == _text(value):
            return
        self._versions[key] += 1
        if value is None:
            del self._entries[key]
        else:
            self._entries[key] = value


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
