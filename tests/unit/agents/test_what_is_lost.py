"""Parts of values that JSON or a type has no place for: kept, or refused with the place named."""

import collections
import enum
import functools
import threading
import uuid
import warnings
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr

from podium.agents.shape import shape_of
from podium.errors import InvalidValue, UsageError

FreeDict: Any = dict  # without a word on its parts
BERLIN = ZoneInfo("Europe/Berlin")
LARGE = 2**53 + 1


class Letter(enum.StrEnum):
    A = "a"


class Digit(enum.IntEnum):
    ONE = 1


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int = 1


class Bare(BaseModel):
    free: dict[Any, int] = {}
    bare: dict = {}  # pyright: ignore[reportMissingTypeArgument, reportUnknownVariableType] - is what is tested
    several: list = []  # pyright: ignore[reportMissingTypeArgument, reportUnknownVariableType]


class Lettered(BaseModel):
    x: Literal["a"] | Letter = "a"


class Point(BaseModel):
    x: float = 0.0


@dataclass
class Plain:
    a: int


@dataclass
class Wider(Plain):
    b: int


@dataclass
class Holder:
    inner: Plain


@dataclass
class Vector:
    x: float
    more: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class Slotted:
    x: float


@dataclass
class Named:
    name: str
    at: time = time(1)


@dataclass
class Derived:
    a: int
    by: InitVar[int] = 5

    def __post_init__(self, by: int) -> None:
        self.sum = self.a + by


@dataclass
class Private:
    a: int

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = object()

    @functools.cached_property
    def doubled(self) -> int:
        return self.a * 2


class Pair(NamedTuple):
    a: float


def with_attribute(value: Any, **attributes: Any) -> Any:
    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value


def used(value: Private) -> Private:
    assert value.doubled == value.a * 2
    return value


ZONED = datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)
NAIVE = ZONED.replace(tzinfo=None)

LOST: dict[str, tuple[Any, Any, str]] = {
    "a key of a bare dict": (dict, {1: "x"}, "`1` is a key that is a int and would come back as a str"),
    "one of two keys that get the same text": (dict, {1: "x", "1": "y"}, "`1` is a key that is a int"),
    "a key None": (dict[Any, int], {None: 1}, "`None` is a key that is a NoneType"),
    "a key of any or no type": (dict[Any | None, int], {1: 1}, "`1` is a key that is a int"),
    "a key of a free dict in a model": (Bare, Bare(free={1: 1}), "`free.1` is a key that is a int"),
    "a key of a bare dict in a model": (Bare, Bare(bare={1: 1}), "`bare.1` is a key that is a int"),
    "a key None of a union": (int | FreeDict, {None: Letter.A}, "`None` is a key that is a NoneType"),
    "a tuple in a bare set": (set, {1, (2,)}, "cannot be read: expected set: `1`: set items should be hashable"),
    "a tuple in a bare frozenset": (frozenset, frozenset({(1,)}), "cannot be read"),
    "a tuple in a set of any": (set[Any], {(1,)}, "cannot be read"),
    "an enum or a number": (Digit | int, Digit.ONE, "is a Digit and would come back as a int"),
    "a text or an enum": (list[str | Letter], [Letter.A], "`0` is a Letter and would come back as a str"),
    "a literal or an enum": (Literal["a", "b"] | Letter, Letter.A, "is a Letter and would come back as a str"),
    "an enum or a literal": (Letter | Literal["a"], Letter.A, "is a Letter and would come back as a str"),
    "a literal number or an enum": (Literal[1] | Digit, Digit.ONE, "is a Digit and would come back as a int"),
    "a literal or an enum in a dict": (dict[str, Literal["a"] | Letter], {"x": Letter.A}, "`x` is a Letter"),
    "a literal or an enum in a list": (list[Literal["a"] | Letter], ["a", Letter.A], "`1` is a Letter"),
    "a literal or an enum in a tuple": (tuple[int, Literal["a"] | Letter], (1, Letter.A), "`1` is a Letter"),
    "a literal or an enum in a set": (set[Literal["a"] | Letter], {Letter.A}, "is a Letter"),
    "a literal or an enum as a key": (dict[Literal["a"] | Letter, int], {Letter.A: 1}, "`a` is a key that is a Letter"),
    "a literal or an enum in a field": (Lettered, with_attribute(Lettered(), x=Letter.A), "`x` is a Letter"),
    "a literal or an enum in a dict for a model": (Lettered, {"x": Letter.A}, "`x` is a Letter"),
    "a literal that holds both": (list[Literal["a", Letter.A]], [Letter.A], "`0` is a Letter"),
    "a date or anything": (date | Any, date(2026, 1, 2), "is a date and would come back as a str"),
    "a dict of dates or of anything": (
        FreeDict | dict[str, date], {"a": date(2026, 1, 2)}, "`a` is a date and would come back as a str",
    ),
    "a dict of enums or of anything": (FreeDict | dict[str, Letter], {"a": Letter.A}, "`a` is a Letter"),
    "a date in an extra field": (Open, Open(z=date(2026, 1, 2)), "`z` is a date"),  # pyright: ignore[reportCallIssue]
    "a factory of one's own": (
        collections.defaultdict[str, int], collections.defaultdict(lambda: 7, {"a": 1}),
        "has a `default_factory` that its type does not give it",
    ),
    "an attribute that is no field": (Plain, with_attribute(Plain(1), z=5), "`z` is no field"),
    "an attribute that comes of an InitVar": (Derived, Derived(1, 7), "`sum` is no field"),
    "a zone of a time": (time, time(1, 2, tzinfo=BERLIN), "has a time zone whose offset no date tells"),
    "the fold of a time": (time, time(1, 2, fold=1), "has `fold=1`, which would be lost"),
    "the fold of a datetime": (datetime, NAIVE, "has `fold=1`, which would be lost"),
    "the fold of a datetime in a set": (set[datetime], {NAIVE}, "has `fold=1`, which would be lost"),
    "the fold of a datetime in a model": (dict[str, datetime], {"at": NAIVE}, "`at` has `fold=1`"),
    "a large number for a float": (float, LARGE, "is an integer that no float is equal to"),
    "a large number in a list": (list[float], [1.0, -LARGE], "`1` is an integer that no float is equal to"),
    "a large number in a dict": (dict[str, float | None], {"a": LARGE}, "`a` is an integer"),
    "a large number in a union": (float | str, LARGE, "is an integer"),
    "a large number in a dict for a model": (Point, {"x": LARGE}, "`x` is an integer"),
    "a large number in a named tuple": (Pair, Pair(LARGE), "`0` is an integer"),
    "a large number in a field": (Point, with_attribute(Point(), x=LARGE), "`x` is an integer"),
    "a large number in a dataclass": (Vector, Vector(LARGE), "`x` is an integer"),
    "a large number in a list in a dataclass": (Vector, Vector(1, [LARGE]), "`more.0` is an integer"),
    "a large number in a slot": (Slotted, Slotted(LARGE), "`x` is an integer"),
    "a large number that a validator sees": (Annotated[float, AfterValidator(abs)], LARGE, "is an integer"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_what_would_be_lost_is_refused_and_the_place_is_named(name: str) -> None:
    kind, value, complaint = LOST[name]
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).dump(value)
    assert refused.value.lossy
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


FREE: dict[str, tuple[Any, Any, str]] = {
    "a member": (Bare, Bare(several=[1, date(2026, 1, 2)]), "expected Bare: in `several.1`: the value cannot be kept"),
    "a field": (dict[str, Any], {"a": {1: 2}}, "expected dict[str, Any]: in `a`: the value cannot be kept as JSON"),
    "inside of it": (Bare, Bare(bare={"a": {"b": uuid.UUID(int=1)}}), "expected Bare: in `bare.a`: `b` is a UUID"),
    "what a model holds": (list[Any], [Holder(inner=Wider(1, 2))], "in `0`: expected Holder: `inner` is a Wider"),
}  # fmt: skip


@pytest.mark.parametrize("name", FREE)
def test_what_has_no_place_where_anything_may_stand_is_refused_and_the_place_is_named(name: str) -> None:
    kind, value, complaint = FREE[name]
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).dump(value)
    assert complaint in str(refused.value)


KEPT: dict[str, tuple[Any, Any, Any]] = {
    "a bare dict": (dict, {"a": 1}, {"a": 1}),
    "a set of any": (set[Any], {1, "a"}, {1, "a"}),
    "a set of sets": (set[frozenset[int]], {frozenset({1, 2})}, {frozenset({1, 2})}),
    "a factory that its type gives": (
        collections.defaultdict[str, int], collections.defaultdict(int, {"a": 1}), collections.defaultdict(int, a=1),
    ),
    "a factory of lists": (
        collections.defaultdict[str, list[int]], collections.defaultdict(list, {"a": [1]}),
        collections.defaultdict(list, a=[1]),
    ),
    "an enum for its text": (str, Letter.A, "a"),
    "an enum that is a text, where anything may stand": (Any, {"a": [Letter.A]}, {"a": ["a"]}),
    "an enum that is a number, where anything may stand": (dict[str, Any], {"a": Digit.ONE}, {"a": 1}),
    "an enum that is a text, as a key": (dict, {Letter.A: 1}, {"a": 1}),
    "an enum that is a text, in an extra field": (Open, Open(z=Letter.A), Open(z="a")),  # pyright: ignore[reportCallIssue]
    "an enum for its text in a dict": (Named, {"name": Letter.A, "at": time(1)}, Named("a")),
    "an enum for its text beside what is compared": (Named, Named(Letter.A), Named("a")),
    "an enum of a union that tells it": (Letter | int, Letter.A, Letter.A),
    "an attribute of a derived class": (Derived, Derived(1), Derived(1)),
    "what is private, and what is cached": (Private, used(Private(1)), Private(1)),
    "a moment that a clock shows twice": (datetime, ZONED, ZONED.astimezone(UTC)),
    "one in a set of choices": (datetime | int, ZONED, ZONED.astimezone(UTC)),
    "a time of an offset": (time, time(1, tzinfo=UTC), time(1, tzinfo=UTC)),
    "the largest number that a float surely holds": (float, 2**53, float(2**53)),
    "a large number that a float holds": (list[float], [2**60, 1e300], [float(2**60), 1e300]),
    "a large number as it is": (int | float, LARGE, LARGE),
    "a tuple where anything may stand": (Any, (1, (2,)), [1, [2]]),
    "a tuple in a bare list": (list, [(1,)], [[1]]),
    "a tuple in a bare tuple": (tuple, (1, (2,)), (1, [2])),
    "a tuple in an extra field": (Open, Open(z=(1,)), Open(z=[1])),  # pyright: ignore[reportCallIssue]
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_what_a_type_has_a_place_for_comes_back(name: str) -> None:
    kind, value, expected = KEPT[name]
    shape = shape_of(kind)
    plain = shape.dump(value)
    for back in (shape.load(plain), shape.reload(plain), shape.restore(plain)):
        assert back == expected
        assert type(back) is type(expected)
        assert shape.dump(back) == plain


@pytest.mark.parametrize("kind", [datetime, datetime | int])
def test_a_moment_that_a_clock_shows_twice_keeps_its_offset(kind: Any) -> None:
    shape = shape_of(kind)
    assert shape.load(shape.dump(ZONED)).utcoffset() == ZONED.utcoffset()


class Sealed(BaseModel):
    a: int = 1
    _seal: int = PrivateAttr(default=0)
    _id: uuid.UUID = PrivateAttr(default_factory=uuid.uuid4)


def test_private_attributes_are_warned_of_once_when_the_shape_is_made() -> None:
    with pytest.warns(UserWarning, match=r"list\[Sealed\]: Sealed\._id, Sealed\._seal are private, so not recorded"):
        shape = shape_of(list[Sealed])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shape.load(shape.dump([Sealed()])) != []


class Pages(BaseModel):
    of: Iterable[int] = Field(default=[])


@pytest.mark.parametrize("kind", [Iterable[int], Iterable, Generator[int, None, None], list[Iterable[int]], Pages])
def test_what_can_be_gone_through_once_is_no_type_of_a_value(kind: Any) -> None:
    with pytest.raises(UsageError, match=r"can be gone through only once.*list\[…\]"):
        shape_of(kind)


@pytest.mark.parametrize("kind", [Iterator[int], AsyncIterator[int]])
def test_an_iterator_is_no_type_of_a_value(kind: Any) -> None:
    with pytest.raises(UsageError, match="cannot be turned into JSON"):
        shape_of(kind)
