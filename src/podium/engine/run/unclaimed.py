"""What a run recorded before a retry, as long as its code has not asked for it again."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping

from podium.engine.run.aside import Aside
from podium.engine.run.key_state import Asking, KeyState, PutAside, StepRecord, asking_call
from podium.engine.run.keys import above, belongs
from podium.engine.run.lost_effects import LostEffects
from podium.model.fact import Fact, FactKind
from podium.model.facts.calls import Asked


class Unclaimed:
    """Holds at its key as long as the code asks for the same there, and for a like call elsewhere as long as for none.

    So what gave a value is not done again where a retry has the code go another way.
    """

    __slots__ = (
        "_agents", "_alike", "_aside", "_confined", "_failed", "_keys", "_made", "_moved", "_new", "_records",
        "_spawned", "_stashed", "_steps", "lost", "reopened",
    )  # fmt: skip

    def __init__(self, records: Mapping[str, KeyState], steps: dict[str, dict[str, StepRecord]]) -> None:
        self._records = records
        self._steps = steps
        self.reopened: set[str] = set()
        """The calls whose end a retry has made void."""
        self.lost = LostEffects()
        """Effects whose record is void though they may have happened."""
        self._failed: dict[Asking, list[str]] = {}
        """Where calls were asked that a retry has asked again."""
        self._made: dict[str, Asking] = {}
        """The request for which the steps at a key were done, where it was retried."""
        self._stashed: dict[Asking, list[tuple[str, dict[str, StepRecord]]]] = {}
        """Steps of calls that the code asks for elsewhere, if at all, and where they were done."""
        self._moved: dict[str, dict[str, StepRecord]] = {}
        """Steps that a call at a key has taken from elsewhere."""
        self._spawned: Counter[str] = Counter()
        self._keys: set[str] = set()
        self._aside = Aside()
        self._confined: set[str] = set()
        """The calls that were tried again: what is below them is for what they ask now, and for nobody else."""
        self._new: list[str] = []
        """Keys that are not in `_alike` and `_agents` yet."""
        self._alike: dict[Asking, deque[str]] = {}
        self._agents: dict[str, set[str]] = {}
        """The keys at which an agent was asked."""

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

    def confine(self, call: str) -> None:
        """A call is tried again: keep what is below it for that call."""
        self._confined = {each for each in self._confined if not belongs(each, call)} | {call}

    def set_free(self) -> None:
        """The whole run is retried: whatever its code asks for, and wherever, may be what it asked for before."""
        self._confined.clear()

    def forget(self, under: str, facts: Iterable[Fact]) -> dict[str, dict[str, StepRecord]]:
        """Forget what was put aside below a key, for these facts of what is there are taken in once more.

        Returns the steps there that were taken from elsewhere: these facts do not have them.
        """
        self._aside.forget(under)
        asked = {fact.key: fact.content for fact in facts if fact.kind is FactKind.ASKED}
        for request, stashed in list(self._stashed.items()):
            self._stashed[request] = [each for each in stashed if each[0] not in asked]
        places = ((key, said.taken_from) for key, said in asked.items() if isinstance(said, Asked) and said.taken_from)
        elsewhere = (key for key, place in places if not belongs(place, under))
        return {key: dict(self._moved[key]) for key in elsewhere if key in self._moved}

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
            self._aside.add(self._kept(at))
            self._keys.discard(at)
        return found

    def retire(self, key: str, below: Iterable[str]) -> None:
        """A workflow begins anew elsewhere: keep for it what was done below a key, and the steps of calls there."""
        self.put_aside(key, below)
        for at in [at for at in self._steps if at.startswith(f"{key}.")]:
            steps = self._steps.pop(at)
            if (owner := self._made.get(at)) is not None:
                self._stashed.setdefault(owner, []).append((at, steps))

    def inside(self, below: Iterable[str]) -> list[PutAside]:
        """Return what there is to keep of what a workflow did at these keys, now that it is over."""
        return [each for at in below if at in self._keys for each in self._kept(at)]

    def _kept(self, key: str) -> list[PutAside]:
        """Return what is to be kept of a call, and then of what it did, if it was a workflow."""
        record = self._records[key]
        if (asking := record.asking) is None:
            return record.inside
        return [PutAside(key, asking, record.given, record.opened), *record.inside]

    def like(self, asking: Asking, key: str) -> str | None:
        """Return where the same was asked for, and given, as what is asked for at a key now."""
        found = next((at for at in self._aside.like(asking) if self._is_for(at, key)), None)
        if found is not None:
            return found
        self._index()
        places = self._alike.get(asking, deque[str]())
        while places and places[0] not in self._keys:
            places.popleft()
        return next((at for at in places if at in self._keys and self._is_for(at, key)), None)

    def _is_for(self, place: str, key: str) -> bool:
        """Whether what was recorded at a place is for what is asked at a key: the same call was tried again."""
        call = next((at for at in above(place) if at in self._confined), "")
        return belongs(key, call)

    def note_void(self, fact: Fact) -> None:
        """Note where a call was asked that a retry asks again; the code may ask for it elsewhere."""
        self.lost.note_void(fact)
        if fact.kind is FactKind.ANSWERED:
            self.reopened.add(fact.key)
        if fact.kind is FactKind.SPAWNED:
            self._spawned[fact.key] += 1
        elif fact.kind is FactKind.ASKED and isinstance(said := fact.content, Asked):
            request = asking_call(said.agent, fact.payload, said.conversation)
            self.enter(fact.key, request, said.taken_from)
            self._failed.setdefault(request, []).append(fact.key)

    def enter(self, key: str, request: Asking, place: str | None) -> None:
        """A call is asked at a key. Steps that were done there for another request go with that one.

        `place` is where the same was asked before: its steps are taken from there.
        """
        if key in self._steps and (owner := self._made.get(key, request)) != request:
            self._stashed.setdefault(owner, []).append((key, self._steps.pop(key)))
        self._made[key] = request
        if place is not None and key not in self._steps and (steps := self._taken(place, request)) is not None:
            self._steps[key], self._moved[key] = steps, dict(steps)

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
        stashed = (at for at, _ in self._stashed.get(request, ()) if self._is_for(at, key))
        if (place := next(stashed, None)) is not None:
            return place
        left = (at for at in self._failed.get(request, ()) if at in self._steps and self._made.get(at) == request)
        return next((at for at in left if not self._is_asked(at, request) and self._is_for(at, key)), None)

    def _is_asked(self, key: str, request: Asking) -> bool:
        """Whether a request is recorded at a key; something else may have come there that has no steps."""
        return (record := self._records.get(key)) is not None and record.asking == request

    def take(self, place: str, asking: Asking) -> PutAside | None:
        """Take what was put aside, for its like, and of a call what it did; returns it if anything was given."""
        found = self._aside.take(place, asking)
        if found is not None and (stashed := self._stashed.get(asking)):
            self._stashed[asking] = [each for each in stashed if each[0] != place]
        return found

    def spawned_at(self, key: str) -> int:
        """Return how many child runs were spawned at a key that are not what is spawned there now."""
        return self._spawned[key]

    def effect_of(self, key: str, agent: str, step: str) -> Fact | None:
        """Return how an agent began a `once` step of this name in a call that is not asked for any more."""
        begun = (
            record.intent
            for (who, _), stashed in self._stashed.items()
            if who == agent
            for at, steps in stashed
            if self._is_for(at, key)
            for record in steps.values()
            if record.name == step and record.intent is not None
        )
        return next(begun, None)

    def may_be_another(self, key: str, request: Asking) -> bool:
        """Whether a call with `once` effects may be one that is not asked for any more, in other words or elsewhere.

        Not where the same was asked at this key, and failed, or was undone: what came of that is known.
        """
        if self.lost.may_be(key, request):
            return True
        if key in self._failed.get(request, ()) or self.lost.was_undone(request):
            return False
        self._index()
        agent = request[0]
        unclaimed = (at for at in self._agents.get(agent, ()) if at in self._keys)
        return any(self._is_for(at, key) for places in (unclaimed, self._aside.of(agent)) for at in places)

    def _index(self) -> None:
        """Note what was asked, and what gave a value, at keys that are new here, the oldest first."""
        new, self._new = [key for key in self._new if key in self._keys], []
        for key in new:
            if (said := self._records[key].asked) is not None:
                self._agents.setdefault(said.agent, set()).add(key)
        plain = [(end.seq, key) for key in new if (end := self._records[key].given)]
        for _, key in sorted(plain):
            if (asking := self._records[key].asking) is not None:
                self._alike.setdefault(asking, deque()).append(key)
