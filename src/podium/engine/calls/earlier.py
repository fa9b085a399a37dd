"""What earlier attempts of a call have done, for one that begins afresh: nothing that is done is done again."""

from collections.abc import Mapping

from podium.engine.run.key_state import StepRecord
from podium.model.facts.calls import StepDone
from podium.model.step import DEFERRED, deferred_in, lineage_of


class EarlierSteps:
    """The steps of the lineages of a call before the present one. Each is handed back once at most, oldest first."""

    __slots__ = ("_matched", "_records")

    def __init__(self, steps: Mapping[str, StepRecord], lineage: int) -> None:
        before: dict[str, StepRecord] = {}
        self._matched: set[str] = set()
        """The places of those that the present lineage was handed."""
        for path, record in steps.items():
            said = None if record.done is None else record.done.content
            if (number := lineage_of(path)) is None:
                continue  # a guard's own
            if number < lineage and not record.handed_back:
                before[path] = record
            elif number == lineage and isinstance(said, StepDone) and said.from_step is not None:
                self._match(said.from_step)
        self._records = before

    def done(self, path: str, name: str, digest: str, *, once: bool) -> str | None:
        """Return where what is asked at a place was done before: the same thing, with the same input."""
        same = [
            place
            for place, record in self._left(name)
            if _says(record, digest) and place.count("/") == path.count("/") and (once or record.usable)
        ]
        rest = path.partition("/")[2]
        exact = (place for place in same if place.partition("/")[2] == rest)
        found = next(exact, same[0] if same else None)
        if found is not None:
            self._match(found)
        return found

    def effect(self, name: str, digest: str) -> str | None:
        """Return where an effect of this name was begun that nothing was matched with: it may be what is asked for.

        Not where one was deferred that was asked for with this input: what is asked for now goes on with that one.
        """
        begun = [place for place, record in self._left(name) if record.intent is not None or record.deferred]
        states = (record for at, record in self._left(DEFERRED) if deferred_in(at) in begun)
        if any(_says(record, digest) for record in states):
            return None
        return next((place for place in begun if self._records[place].intent is not None), None)

    def _match(self, place: str) -> None:
        """Note that what was done at a place is handed back: of a state that was deferred the whole step."""
        self._matched.add(place)
        if (around := deferred_in(place)) is not None:
            self._matched.add(around)

    def _left(self, name: str) -> list[tuple[str, StepRecord]]:
        return [
            (place, record)
            for place, record in self._records.items()
            if place not in self._matched and record.name == name
        ]


def _says(record: StepRecord, digest: str) -> bool:
    said = None if record.done is None else record.done.content
    return isinstance(said, StepDone) and said.digest == digest
