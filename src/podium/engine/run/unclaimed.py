"""What a run recorded before a retry, as long as its code has not asked for it again."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping

from podium.engine.run.key_state import Asking, KeyState, PutAside, StepRecord
from podium.model.fact import Fact, FactKind
from podium.model.facts.calls import Asked


class Unclaimed:
    """Holds at its key as long as the code asks for the same there, and for a like call elsewhere as long as for none.

    So what gave a value is not done again where a retry has the code go another way.
    """

    __slots__ = ("_alike", "_aside", "_failed", "_keys", "_made", "_new", "_records", "_spawned", "_stashed", "_steps")

    def __init__(self, records: Mapping[str, KeyState], steps: dict[str, dict[str, StepRecord]]) -> None:
        self._records = records
        self._steps = steps
        self._failed: dict[Asking, list[str]] = {}
        """Where calls were asked that a retry has asked again."""
        self._made: dict[str, Asking] = {}
        """The request for which the steps at a key were done, where it was retried."""
        self._stashed: dict[Asking, list[tuple[str, dict[str, StepRecord]]]] = {}
        """Steps of calls that the code asks for elsewhere, if at all, and where they were done."""
        self._spawned: Counter[str] = Counter()
        self._keys: set[str] = set()
        self._aside: list[PutAside] = []
        self._new: list[str] = []
        """Keys that are not in `_alike` yet."""
        self._alike: dict[Asking, deque[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys or self._aside)

    def __contains__(self, key: str) -> bool:
        """Whether something is recorded at a key that holds only if the code asks for the same."""
        return key in self._keys

    def add(self, key: str) -> None:
        """Note that what is recorded at a key holds only if the code asks for the same."""
        self._keys.add(key)
        self._new.append(key)

    def claim(self, key: str) -> None:
        """The code has asked for it, or for what it was a part of."""
        self._keys.discard(key)

    def put_aside(self, key: str, below: Iterable[str]) -> list[str]:
        """The code asks for something else at a key: keep what calls there, and below it, gave for their like.

        Returns the keys at which nothing is recorded any more.
        """
        found = [at for at in (key, *below) if at in self._keys]
        for at in found:
            record = self._records[at]
            if (asking := record.asking) is not None:
                self._made.setdefault(at, asking)
            if record.opened is not None and record.opened.kind is FactKind.SPAWNED:
                self._spawned[at] += 1
            self._aside += self._kept(at)
            self._keys.discard(at)
        return found

    def inside(self, below: Iterable[str]) -> list[PutAside]:
        """Return what there is to keep of what a workflow did at these keys, now that it is over."""
        return [each for at in below if at in self._keys for each in self._kept(at)]

    def _kept(self, key: str) -> list[PutAside]:
        """Return what is to be kept of a call, and then of what it did, if it was a workflow."""
        record = self._records[key]
        if (asking := record.asking) is None:
            return record.inside
        return [PutAside(key, asking, record.given), *record.inside]

    def like(self, asking: Asking) -> str | None:
        """Return where the same was asked for, and given."""
        for each in self._aside:
            if each.answer is not None and each.asking == asking:
                return each.key
        self._index()
        places = self._alike.get(asking, deque[str]())
        while places and places[0] not in self._keys:
            places.popleft()
        return places[0] if places else None

    def note_void(self, fact: Fact) -> None:
        """Note where a call was asked that a retry asks again; the code may ask for it elsewhere."""
        if fact.kind is FactKind.SPAWNED:
            self._spawned[fact.key] += 1
        elif fact.kind is FactKind.ASKED and isinstance(said := fact.content, Asked):
            self.enter(fact.key, (said.agent, fact.payload), said.taken_from)
            self._failed.setdefault((said.agent, fact.payload), []).append(fact.key)

    def enter(self, key: str, request: Asking, place: str | None) -> None:
        """A call is asked at a key. Steps that were done there for another request go with that one.

        `place` is where the same was asked before: its steps are taken from there.
        """
        if key in self._steps and (owner := self._made.get(key, request)) != request:
            self._stashed.setdefault(owner, []).append((key, self._steps.pop(key)))
        self._made[key] = request
        if place is not None and key not in self._steps and (steps := self._taken(place, request)) is not None:
            self._steps[key] = steps

    def stashed_at(self, key: str) -> Iterator[str]:
        """Give the places of steps that were done at a key for other requests."""
        for stashed in self._stashed.values():
            for at, steps in stashed:
                if at == key:
                    yield from steps

    def _taken(self, place: str, request: Asking) -> dict[str, StepRecord] | None:
        stashed = self._stashed.get(request, [])
        found = next((each for each in stashed if each[0] == place), None)
        if found is None:
            return self._steps.pop(place, None) if self._made.get(place) == request else None
        stashed.remove(found)
        return found[1]

    def begun_elsewhere(self, key: str, request: Asking) -> str | None:
        """Return where a call that is asked at a key had failed and done steps before; None if it was there."""
        if key in self._steps and self._made.get(key) == request:
            return None
        if stashed := self._stashed.get(request):
            return stashed[0][0]
        places = (at for at in self._failed.get(request, ()) if at in self._steps and at not in self._records)
        return next((at for at in places if self._made.get(at) == request), None)

    def take(self, place: str, asking: Asking) -> Fact | None:
        """Take what was put aside, for its like, and of a call what it did; returns what was given."""
        for index, each in enumerate(self._aside):
            if each.answer is not None and (each.key, each.asking) == (place, asking):
                del self._aside[index]
                while index < len(self._aside) and self._aside[index].key.startswith(f"{place}."):
                    del self._aside[index]
                return each.answer
        return None

    def spawned_at(self, key: str) -> int:
        """Return how many child runs were spawned at a key that are not what is spawned there now."""
        return self._spawned[key]

    def has_effect(self, agent: str, step: str) -> bool:
        """Whether an agent began a `once` step of this name in a call that is not asked for any more."""
        return any(
            record.name == step and record.intent is not None
            for (who, _), stashed in self._stashed.items()
            if who == agent
            for _, steps in stashed
            for record in steps.values()
        )

    def may_be_another(self, key: str, request: Asking) -> bool:
        """Whether a call with `once` effects may be one that is not asked for any more, in other words or elsewhere.

        Not where the same was asked at this key, and failed: what came of that is known.
        """
        if key in self._failed.get(request, ()):
            return False
        agent, asked = request[0], (self._records[at].asked for at in self._keys)
        return any(said.agent == agent for said in asked if said is not None) or any(
            each.asking[0] == agent for each in self._aside
        )

    def _index(self) -> None:
        """Note what gave a value at keys that are new here, the oldest first."""
        new, self._new = self._new, []
        plain = [(end.seq, key) for key in new if key in self._keys and (end := self._records[key].given)]
        for _, key in sorted(plain):
            if (asking := self._records[key].asking) is not None:
                self._alike.setdefault(asking, deque()).append(key)
