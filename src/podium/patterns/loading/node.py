"""What is written down: texts, lists and mappings that know where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.errors import PatternError
from podium.model.json import Json, is_object


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """Where something stands: the way to it, and in a file also line and column, from 1."""

    path: str
    line: int = 0
    column: int = 0

    def under(self, name: str) -> str:
        """Return the way to what stands under a key."""
        return f"{self.path}.{name}" if self.path else name


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth value or None."""

    place: SourcePlace
    value: Json
    plain: bool = False
    """A text without quotes in YAML: whether it is a number depends on what is wanted where it stands."""
    starts: int = 0
    """The column of its first character, where it stands in one line as it is; else 0."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    place: SourcePlace
    items: "Sequence[SourceNode]"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; each key has a place of its own."""

    place: SourcePlace
    entries: "Mapping[str, SourceNode]"
    keys: Mapping[str, SourcePlace]


SourceNode = Scalar | Listing | Table


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and where."""

    place: SourcePlace
    message: str

    def __str__(self) -> str:
        return f"{self.place.path}: {self.message}" if self.place.path else self.message


class Mistaken(Exception):
    """Something cannot be read: all mistakes in it that can be told at once. Never leaves this package."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(*map(str, mistakes))
        self.mistakes = mistakes


def wrong(at: SourceNode | SourcePlace, message: str) -> Mistaken:
    """Return what is raised for one mistake."""
    return Mistaken(Mistake(at if isinstance(at, SourcePlace) else at.place, message))


def wrong_rule(node: Scalar, error: PatternError) -> Mistaken:
    """Return what is raised for a rule in CEL, with the place in it where that is known in the file."""
    message = str(error)
    if not node.starts:
        return wrong(node, message)
    within = f"is no CEL expression: 1:{error.at + 1}: "
    place = SourcePlace(node.place.path, node.place.line, node.starts + error.at)
    return wrong(place, message.replace(within, "is no CEL expression: "))


def node_of(value: Json, path: str = "") -> SourceNode:
    """Return JSON as nodes; they have a path, but no line."""
    place = SourcePlace(path)
    if is_object(value):
        nodes = {key: node_of(each, place.under(key)) for key, each in value.items()}
        return Table(place, nodes, {key: SourcePlace(place.under(key)) for key in value})
    items: Sequence[Json] = value
    if isinstance(value, list | tuple):
        return Listing(place, [node_of(each, f"{path}[{number}]") for number, each in enumerate(items)])
    return Scalar(place, value)
