"""What is sent again, as places in what is known: of whole messages, and of parts of those that came to be joined."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, groupby, pairwise

from podium.model.conversation_redaction import stays
from podium.model.json import Json, is_array
from podium.model.trimming import trimmed_message

_Unit = Sequence[Json]
"""The parts that have one place in messages: one of a request, or one of an answer with those before it that a
redaction takes away. So places stay what they are when messages are redacted."""


def quoted(messages: Sequence[Mapping[str, Json]], known: Sequence[Json], characters: int | None) -> list[Json]:
    """Return the messages, those that are known by their places. Mostly these are all, and new ones follow.

    `[first, count]` stands for so many messages; among the parts of a message, for so many parts of those that are
    known, of an answer without those that a redaction takes away. With a third number the results of tools in them are
    trimmed to so many `characters`.
    """
    finder = _Finder(known, characters)
    for each in messages:
        finder.take(each)
    return finder.found


def said_again(stored: Sequence[Json], known: Sequence[Json], where: str) -> list[Json]:
    """Return the messages that were stored as places and as themselves; raises LookupError for what is not there."""
    units = _units(known)
    messages: list[Json] = []
    for each in stored:
        if is_array(each):
            messages += [_cut(message, each) for message in _span(known, each, f"{where} has {len(known)} messages")]
            continue
        parts: list[Json] = []
        for part in each["parts"]:
            found = _span(units, part, f"{where} has {len(units)} parts") if is_array(part) else [[part]]
            parts += [one for unit in found for one in _cut({"parts": unit}, part)["parts"]]
        messages.append({**each, "parts": parts})
    return messages


def has_places(stored: Sequence[Json]) -> bool:
    """Whether any of the messages, or of their parts, are stored as places."""
    return any(is_array(each) or any(map(is_array, each["parts"])) for each in stored)


def parted(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages with one part of a request each; an answer is one message."""
    found: list[Json] = []
    for each in messages:
        parts = each["parts"]
        apart = [[part] for part in parts] if each["kind"] == "request" else [parts]
        found += [{"kind": each["kind"], "parts": together} for together in apart]
    return found


def requests_joined(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages with requests that follow each other as one."""
    found: list[Json] = []
    for kind, group in groupby(messages, key=lambda each: each["kind"]):
        together = list(group)
        parts = [part for each in together for part in each["parts"]]
        found += [{"kind": kind, "parts": parts}] if kind == "request" else together
    return found


def are_joined(messages: Sequence[Mapping[str, Json]]) -> bool:
    """Whether no requests follow each other."""
    return all("response" in (one["kind"], other["kind"]) for one, other in pairwise(messages))


def _span(known: Sequence[Json], place: Json, what: str) -> Sequence[Json]:
    first, count = place[:2]
    if first + count > len(known):
        raise LookupError(what)
    return known[first : first + count]


def _cut(message: Json, place: Json) -> Json:
    """Return a message with its results as short as a place says, if it does."""
    trim = place[2:] if is_array(place) else ()
    return trimmed_message(message, trim[0]) if trim else message


def _units(messages: Sequence[Mapping[str, Json]]) -> list[_Unit]:
    return [unit for each in messages for unit in _units_of(each)]


def _units_of(message: Mapping[str, Json]) -> list[_Unit]:
    parts = message["parts"]
    if message["kind"] == "request":
        return [[part] for part in parts]
    ends = [n for n, part in enumerate(parts, 1) if stays(part)]
    return [parts[begin:end] for begin, end in pairwise([0, *ends[:-1], len(parts)])]


class _Finder:
    """Finds one message after the other among those that are known, or else its parts."""

    def __init__(self, known: Sequence[Json], characters: int | None) -> None:
        self.found: list[Json] = []
        self._characters = characters
        self._messages = [[*known]]
        """Those that are known as they are and, where results are trimmed, with trimmed ones."""
        if characters is not None:
            self._messages.append([trimmed_message(each, characters) for each in known])
        self._units = [_units(form) for form in self._messages]
        self._firsts = [[unit[0] if unit else None for unit in form] for form in self._units]
        self._begins = [0, *accumulate(len(_units_of(each)) for each in known)]
        self._message_at = {begin: place for place, begin in enumerate(self._begins[:-1])}
        self._at = 0
        """The unit that comes next, if what is known goes on."""
        self._in_order = True
        """Whether all by now was known, one after the other, to its end at most: what follows that end is new."""
        self._held: list[int] = []
        """The forms in which the last span is what is sent."""

    def take(self, message: Mapping[str, Json]) -> None:
        """Find a message."""
        place = self._place_of(message)
        if place is None:
            self.found.append({**message, "parts": self._parts(message["parts"])})
            return
        self._add(self.found, place, [n for n, form in enumerate(self._messages) if form[place] == message])
        self._at = self._begins[place + 1]

    def _place_of(self, message: Mapping[str, Json]) -> int | None:
        """Return the place of a message that is known as a whole; what goes on from here comes before all else."""
        place = self._message_at.get(self._at)
        if place is not None and any(form[place] == message for form in self._messages):
            return place
        if self._is_new or self._forms_at(self._at, message["parts"], 0):
            return None
        found = _place_in(self._messages, message, 0 if place is None else place)
        self._in_order &= found is None
        return found

    def _parts(self, parts: Sequence[Json]) -> list[Json]:
        """Return the parts of a message, those that are known by their places."""
        found: list[Json] = []
        place = 0
        while place < len(parts):
            forms = self._forms_at(self._at, parts, place)
            if not forms and not self._is_new:
                self._in_order = False
                at = _place_in(self._firsts, parts[place], self._at)
                self._at, forms = (self._at, []) if at is None else (at, self._forms_at(at, parts, place))
            if not forms:
                found.append(parts[place])
                place += 1
                continue
            self._add(found, self._at, forms)
            place += len(self._units[0][self._at])
            self._at += 1
        return found

    @property
    def _is_new(self) -> bool:
        """Whether what comes next is not among what is known."""
        return self._in_order and self._at == len(self._firsts[0])

    def _forms_at(self, at: int, parts: Sequence[Json], place: int) -> list[int]:
        """Return the forms in which parts, from a place on, begin with the unit at another one."""
        units = ((n, form[at]) for n, form in enumerate(self._units) if at < len(form))
        return [n for n, unit in units if unit and unit == parts[place : place + len(unit)]]

    def _add(self, found: list[Json], place: int, forms: list[int]) -> None:
        """Add a place to the last span, where it goes on from there in the same form."""
        last = found[-1] if found else None
        both = [each for each in self._held if each in forms]
        if both and is_array(last) and last[0] + last[1] == place:
            self._held = both
        else:
            self._held = forms
            found.append(last := [place, 0])
        last[1:] = [last[1] + 1, *([] if 0 in self._held else [self._characters])]


def _place_in(forms: Sequence[Sequence[Json]], value: Json, at: int) -> int | None:
    """Return where a value is in one of the forms: rather behind a place than before it."""
    for start in (at, 0):
        for form in forms:
            with suppress(ValueError):
                return form.index(value, start)
    return None
