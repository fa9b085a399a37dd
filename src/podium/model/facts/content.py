"""How what a fact says becomes JSON and comes back, and what a redaction leaves of it."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, Union, get_args, get_origin

from podium.model.facts.kind import FactKind
from podium.model.json import Json, encode_as_is
from podium.secrets.masking import MASKING

T = TypeVar("T")


class Mark(Enum):
    """What a redaction leaves of a field."""

    KEEP = "kept"
    """All of it: who, when, under which rule and at what price."""
    BLANK = "left empty"
    """Nothing but that it was there: free text, and digests of what could be guessed."""
    DROP = "dropped"


Kept = Annotated[T, Mark.KEEP]
Blanked = Annotated[T, Mark.BLANK]
Dropped = Annotated[T, Mark.DROP]

WRITTEN = "written"
"""Marks a field that is written also where it has its default. Others then are left out."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The name of a field in the store, where Python has another use for it."""

    name: str


@dataclass(frozen=True, slots=True)
class Form:
    """How a field becomes JSON and comes back, where it is neither JSON itself nor a tuple or enum of such."""

    dump: Callable[[Any], Json]
    load: Callable[[Json], Any]
    left: Callable[[Json], Json] | None = None
    """What a redaction leaves of it; None leaves it as it is."""
    masked: Callable[[Json], Json] = MASKING.names
    """It without secrets; by itself it is made of names."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What is known of one field of a class."""

    attribute: str
    stored: str
    mark: Mark
    always: bool
    """Whether it is written whatever it is."""
    default: Json
    """What it is where the fact does not have it: left out, or redacted."""
    form: Form | None
    shared: bool
    """Whether the default may be handed out as it is."""


class FactContent:
    """What a fact says.

    A field with a default is left out where it has it, one without is always written. A field that a stored fact does
    not have, since it was left out or redacted, reads as its default, or as empty. What is stored and has no field is
    passed over: a newer version wrote it.
    """

    __slots__ = ()

    fact_kind: ClassVar[FactKind]
    constant: ClassVar[Mapping[str, Json]] = {}

    def __init_subclass__(cls, kind: FactKind | None = None, **constant: Json) -> None:
        """Take the kind of fact, and what facts of this shape say besides: it tells them from others of their kind."""
        super().__init_subclass__()
        if kind is not None:
            cls.fact_kind = kind
        if constant:
            cls.constant = constant

    @property
    def encoded(self) -> bytes:
        """What the fact says, as it is stored: without secrets."""
        body = self.body()
        text = encode_as_is(body)
        return encode_as_is(self.masked(body)) if MASKING.active and MASKING.shows_in(text) else text

    def body(self) -> dict[str, Json]:
        """Return it as JSON, in the order in which it is stored."""
        body = dict(self.constant)
        for rule in rules_of(type(self)):
            value = getattr(self, rule.attribute)
            if rule.always or value != rule.default:
                body[rule.stored] = value if rule.form is None else rule.form.dump(value)
        return body

    @classmethod
    def read(cls, body: Mapping[str, Json]) -> Self:
        """Return what a stored fact of this shape says."""
        known: dict[str, Any] = {}
        for rule in rules_of(cls):
            if rule.stored in body:
                value = body[rule.stored]
                known[rule.attribute] = value if rule.form is None else rule.form.load(value)
            elif not rule.shared:
                known[rule.attribute] = rule.default
        return cls(**known)

    @classmethod
    def masked(cls, body: Mapping[str, Json]) -> dict[str, Json]:
        """Return the same without secrets. What a redaction keeps are names: replay compares them."""
        return masked_by(_masks_of(cls), body)

    @classmethod
    def left_of(cls, body: Mapping[str, Json]) -> dict[str, Json]:
        """Return what a redaction leaves of a stored fact of this shape."""
        return left_by(marks_of(cls), body)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a fact says, turned to bytes beforehand: for what is written often."""

    fact_kind: FactKind
    encoded: bytes


Writable = FactContent | Prepared
"""What can be written as a fact."""


def prepared(content: FactContent) -> Prepared:
    """Return it as bytes."""
    return Prepared(content.fact_kind, content.encoded)


@dataclass(frozen=True, slots=True)
class Template:
    """What facts say that differ in one text alone, turned to bytes but for that text."""

    fact_kind: FactKind
    before: bytes
    after: bytes

    def saying(self, text: str) -> Prepared:
        """Return what a fact says with this text, which has nothing in it that JSON writes otherwise: an id."""
        return Prepared(self.fact_kind, self.before + text.encode() + self.after)


def template(content: FactContent, blank: str) -> Template:
    """Return what a fact says as bytes, but for a text where that stands first."""
    before, after = content.encoded.split(blank.encode(), 1)
    return Template(content.fact_kind, before, after)


LeftOf = Callable[[Json], Json]


def left_by(marks: Mapping[str, Mark | LeftOf], body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is left of an object whose fields have these marks; those without are dropped."""
    left: dict[str, Json] = {}
    for name, value in body.items():
        match marks.get(name, Mark.DROP):
            case Mark.KEEP:
                left[name] = value
            case Mark.BLANK:
                left[name] = ""
            case Mark.DROP:
                pass
            case inner:
                left[name] = inner(value)
    return left


def masked_by(marks: Mapping[str, Mark | LeftOf], body: Mapping[str, Json]) -> dict[str, Json]:
    """Return an object without secrets: fields that are kept are names, all others are texts and values."""
    masked: dict[str, Json] = {}
    for name, value in body.items():
        match marks.get(name, Mark.DROP):
            case Mark.KEEP:
                masked[name] = MASKING.names(value)
            case Mark():
                masked[MASKING.text(name)] = MASKING.json(value)
            case inner:
                masked[name] = inner(value)
    return masked


@cache
def _masks_of(cls: type[FactContent]) -> Mapping[str, Mark | LeftOf]:
    """Return how each stored field of a class is masked."""
    masks: dict[str, Mark | LeftOf] = dict.fromkeys(cls.constant, Mark.KEEP)
    for rule in rules_of(cls):
        masks[rule.stored] = rule.form.masked if rule.form is not None and rule.mark is Mark.KEEP else rule.mark
    return masks


@cache
def marks_of(cls: type[FactContent]) -> Mapping[str, Mark | LeftOf]:
    """Return what a redaction leaves of each stored field of a class."""
    marks: dict[str, Mark | LeftOf] = dict.fromkeys(cls.constant, Mark.KEEP)
    for rule in rules_of(cls):
        inner = None if rule.form is None else rule.form.left
        marks[rule.stored] = rule.mark if inner is None else inner
    return marks


@cache
def rules_of(cls: type[FactContent]) -> tuple[FieldRule, ...]:
    """Return what is known of the fields of a class, in their order."""
    found: list[FieldRule] = []
    for each in fields(cls):  # pyright: ignore[reportArgumentType] - every class below is a dataclass
        kind, *notes = get_args(each.type)
        given = each.default if each.default_factory is MISSING else each.default_factory()
        required = given is MISSING
        stored = next((note.name for note in notes if isinstance(note, Stored)), each.name)
        found.append(FieldRule(
            attribute=each.name, stored=stored, mark=next(note for note in notes if isinstance(note, Mark)),
            always=required or WRITTEN in notes, default=_empty(kind) if required else given,
            form=next((note for note in notes if isinstance(note, Form)), None) or _form(kind), shared=not required,
        ))  # fmt: skip
    return tuple(found)


def _form(kind: Any) -> Form | None:
    """Return how a tuple or an enum is read, or one of them or None; JSON writes both by itself."""
    if get_origin(kind) in (Union, types.UnionType):
        [inner] = [each for each in get_args(kind) if each is not types.NoneType] or [None]
        form = _form(inner)
        return None if form is None else Form(_same, lambda value: None if value is None else form.load(value))
    if get_origin(kind) is tuple:
        return Form(_same, tuple)
    return Form(_same, kind) if isinstance(kind, type) and issubclass(kind, Enum) else None


def _same(value: Any) -> Json:
    return value


def _empty(kind: Any) -> Json:
    """Return what a field of a type is that a fact does not have."""
    if get_origin(kind) is tuple:
        return ()
    if get_origin(kind) in (Union, types.UnionType):
        return None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return kind() if kind in (str, int, float, bool) else None
