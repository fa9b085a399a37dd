"""Where values come from: the request of the user, what tools and agents gave, or nothing but a model."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from podium.errors import InvalidValue
from podium.model.empty import empty
from podium.model.json import Json, is_array, is_object
from podium.model.origin import ArgumentOrigin, Untrusted
from podium.model.searchable import Leaf, SearchableText, SoughtValue, leaves

MAX_TEXT = 8_000_000
"""Characters that everything may have in which the values of a run are looked for."""

WHOLE = "input"
"""As which argument an input counts that is no object."""


NOWHERE = ArgumentOrigin(from_request=True, from_trusted=True, untrusted=False, own=False, sources=frozenset())
"""Where an argument comes from in which there is nothing."""


@dataclass(frozen=True, slots=True)
class _SourceText:
    """What somebody gave."""

    source: str
    order: int
    text: SearchableText
    untrusted: bool
    vouches: bool
    """What stands in it is known to be no outsider's, unless it was handed in before."""


@dataclass(slots=True)
class Provenance:
    """What a run was told, in the order in which it was: a fold over its recorded steps.

    A value is only taken as given by a trusted source where no model, and no code, has written it before: else a tool
    that repeats what it is asked, or gives back what was put into it, would make a value trusted.
    """

    request: SearchableText = field(default_factory=SearchableText)
    _given: list[_SourceText] = field(default_factory=empty(list[_SourceText]))
    _written: dict[int, SearchableText] = field(default_factory=empty(dict[int, SearchableText]))
    """By its place in the order."""
    _size: int = 0

    def ask(self, value: Json) -> None:
        """Take in what the user asked for."""
        before = self.request.size
        self.request.add(value)
        self._grow(self.request.size - before)

    def write(self, value: Json) -> int:
        """Take in what a model, or the code of a workflow, hands to somebody; returns its place in the order."""
        place = self._order
        self._written[place] = self._text(value)
        return place

    def forget(self, place: int) -> None:
        """Take back what was to be handed to somebody who was never given it: it cannot come back from there."""
        self._written[place] = SearchableText()

    def give(self, source: str, value: Json, *, untrusted: Untrusted = False, vouches: bool = True) -> None:
        """Take in what a tool or an agent gave; without `vouches` it is no reason to trust what stands in it."""
        if isinstance(untrusted, bool):
            self._give(source, value, untrusted=untrusted, vouches=vouches and not untrusted)
            return
        outside, inside = _parted(value, frozenset(untrusted))
        self._give(source, inside, untrusted=False, vouches=vouches)
        self._give(source, outside, untrusted=True, vouches=False)

    def origins(self, input: Json, names: Collection[str] | None = None) -> Mapping[str, ArgumentOrigin]:
        """Return where each argument comes from; an input that is no object is one argument, `input`.

        Of objects inside, keys that are none of the `names` count as values; None is not to know the names.

        Raises InvalidValue where there is too much to look at.
        """
        if self._size > MAX_TEXT:
            raise InvalidValue(
                f"this run was told more than {MAX_TEXT:,} characters: too much to tell where a value comes from"
            )
        arguments = input if is_object(input) else {WHOLE: input}
        known: dict[tuple[type, Leaf], ArgumentOrigin] = {}
        return {name: self._origin(leaves(value, names=names), known) for name, value in arguments.items()}

    def _origin(self, values: Iterable[Leaf], known: dict[tuple[type, Leaf], ArgumentOrigin]) -> ArgumentOrigin:
        found = NOWHERE
        for leaf in values:
            at = type(leaf), leaf
            if at not in known:
                known[at] = self._leaf(leaf)
            found = _joined(found, known[at])
        return found

    def _leaf(self, leaf: Leaf) -> ArgumentOrigin:
        sought = SoughtValue(leaf)
        in_request = self.request.holds(sought)
        sharing = [each for each in self._given if each.text.shares(sought)]
        sources = frozenset(each.source for each in sharing)
        return ArgumentOrigin(
            from_request=in_request,
            from_trusted=in_request or self._vouched(sought, sharing),
            untrusted=any(each.untrusted for each in sharing),
            own=not (in_request or sources),
            sources=sources,
        )

    def _vouched(self, sought: SoughtValue, sharing: Collection[_SourceText]) -> bool:
        vouching = [each for each in sharing if each.vouches and each.text.holds(sought)]
        if not vouching:
            return False
        written = next((order for order, text in self._written.items() if text.mentions(sought)), self._order)
        return vouching[0].order < written

    @property
    def _order(self) -> int:
        return len(self._given) + len(self._written)

    def _give(self, source: str, value: Json, *, untrusted: bool, vouches: bool) -> None:
        self._given.append(_SourceText(source, self._order, self._text(value), untrusted, vouches))

    def _text(self, value: Json) -> SearchableText:
        text = SearchableText()
        if self._size <= MAX_TEXT:
            text.add(value)
            self._grow(text.size)
        return text

    def _grow(self, by: int) -> None:
        self._size += by


def _joined(one: ArgumentOrigin, other: ArgumentOrigin) -> ArgumentOrigin:
    return ArgumentOrigin(
        from_request=one.from_request and other.from_request,
        from_trusted=one.from_trusted and other.from_trusted,
        untrusted=one.untrusted or other.untrusted,
        own=one.own or other.own,
        sources=one.sources | other.sources,
    )


def parsed(value: Json) -> Json:
    """Return a text that is a JSON object or list as that: frameworks hand results on as text."""
    if not (isinstance(value, str) and value.lstrip()[:1] in {"{", "["}):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _parted(value: Json, names: frozenset[str]) -> tuple[Json, Json]:
    """Return what stands under these names in a value, and the rest; a value without members is all outside.

    A text that is JSON has the members of that; a block of text, as servers of tools give it, those of its text.
    """
    outside: list[Json] = []

    def rest(part: Json, *, bare: bool = False) -> Json:
        part = parsed(part)
        if is_object(part):
            if "text" not in names and part.get("type") == "text" and isinstance(text := part.get("text"), str):
                return {**part, "text": rest(text, bare=True)}
            outside.extend(each for name, each in part.items() if name in names)
            return {name: rest(each) for name, each in part.items() if name not in names}
        if is_array(part):
            return [rest(each, bare=bare) for each in part]
        if bare:
            outside.append(part)
        return None if bare else part

    inside = rest(value, bare=True)
    return outside, inside
