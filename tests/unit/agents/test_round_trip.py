"""What is dumped loads as the same value, or is refused in one line that names the place."""

import collections
import enum
import ipaddress
import os
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    FutureDatetime,
    PlainSerializer,
    SecretBytes,
    SecretStr,
    WrapValidator,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from podium.agents.shape import shape_of
from podium.errors import InvalidValue
from podium.model.json import Json
from podium.secrets import Secret


class Base(BaseModel):
    a: int


class Below(Base):
    b: str = "unset"


class SameFields(Base):
    """Has no other fields, but is another class."""


class Holds(BaseModel):
    inner: Base
    more: dict[str, Base] = {}


@dataclass
class Plain:
    a: int


@dataclass
class Wider(Plain):
    b: str = "unset"


class OneWay(BaseModel):
    a: int = Field(default=0, serialization_alias="aa")


class BothWays(BaseModel):
    a: int = Field(default=0, alias="aa")


class Rounded(BaseModel):
    a: Annotated[float, PlainSerializer(round)]


class Grows(BaseModel):
    a: Annotated[int, AfterValidator(lambda number: number + 1)]


class Cat(BaseModel):
    name: str


class Dog(BaseModel):
    name: str


class TaggedCat(BaseModel):
    kind: Literal["cat"] = "cat"
    name: str


class TaggedDog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Binary(BaseModel):
    raw: bytes
    words: set[str] = set()


class Written(BaseModel):
    model_config = ConfigDict(ser_json_bytes="utf8", val_json_bytes="utf8")
    raw: bytes


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Careless(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int


class Keyed(BaseModel):
    key: SecretStr
    seal: SecretBytes = SecretBytes(b"")


class Safe(BaseModel):
    key: Secret


class Entry(TypedDict):
    a: int


class Pair(NamedTuple):
    a: int
    b: str


class Tree(BaseModel):
    n: int
    children: list["Tree"] = []


class Colour(enum.Enum):
    RED = "red"
    BOTH = ("red", "blue")


BERLIN = ZoneInfo("Europe/Berlin")

KEPT: list[tuple[Any, Any]] = [
    (Base, Base(a=1)),
    (Holds, Holds(inner=Base(a=1), more={"x": Base(a=2)})),
    (Plain, Plain(1)),
    (BothWays, BothWays(aa=7)),
    (Annotated[TaggedCat | TaggedDog, Field(discriminator="kind")], TaggedDog(name="x")),
    (TaggedCat | TaggedDog | None, TaggedDog(name="x")),
    (int | str, "5"),
    (int | float | str | bool | None, 1.0),
    (Open, Open(a=1, b=[1])),  # pyright: ignore[reportCallIssue] - what else it may have
    (Entry, {"a": 1}),
    (Pair, Pair(1, "x")),
    (Tree, Tree(n=1, children=[Tree(n=2)])),
    (dict[int, str], {1: "x", -2: "y"}),
    (dict[date, int], {date(2026, 1, 2): 1}),
    (dict[uuid.UUID, int], {uuid.UUID(int=5): 1}),
    (dict[Literal["a", "b"], int], {"a": 1}),
    (bytes, b"abc"),
    (bytes, b"\x89PNG\xff\xfe"),
    (list[bytes | None], [b"\xff", None]),
    (Binary, Binary(raw=b"\xff", words={"b", "a"})),
    (Written, Written(raw="hällo".encode())),
    (set[str], {"b", "a"}),
    (frozenset[frozenset[int]], frozenset({frozenset({2, 1}), frozenset({3})})),
    (set[tuple[int, str]], {(1, "a"), (0, "b")}),
    (Decimal, Decimal("1.10")),
    (Decimal, Decimal("1E+3")),
    (datetime, datetime(2026, 1, 2, tzinfo=UTC)),
    (datetime, datetime(2026, 7, 2, 3, 4, 5, 6)),  # noqa: DTZ001 - also without a zone
    (datetime, datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))),
    (time, time(1, 2, 3, 4, tzinfo=timezone(timedelta(hours=1)))),
    (date, date(1, 1, 1)),
    (timedelta, timedelta(days=-3, microseconds=7)),
    (timedelta, timedelta.max),
    (uuid.UUID, uuid.UUID(int=5)),
    (Path, Path("/a/b")),
    (ipaddress.IPv4Address, ipaddress.IPv4Address("127.0.0.1")),
    (Colour, Colour.RED),
    (collections.OrderedDict[str, int], collections.OrderedDict(b=1, a=2)),
    (collections.Counter[str], collections.Counter("aab")),
    (collections.deque[int], collections.deque([1, 2])),
    (complex, 1 + 2j),
    (int, 2**63 - 1),
    (float, -0.0),
    (float, 5e-324),
    (str, "\U0001f600 \x00 "),
    (Safe, Safe(key=Secret("env:SHOP_KEY"))),
    (Keyed, Keyed(key=SecretStr(""))),
]


def named(values: Iterable[object]) -> list[str]:
    """Return names that are the same in each process, as the order of a set is not."""
    return [f"{number}-{type(value).__name__}" for number, value in enumerate(values)]


@pytest.mark.parametrize(("kind", "value"), KEPT, ids=named(value for _, value in KEPT))
def test_a_value_comes_back_as_it_was(kind: Any, value: Any) -> None:
    shape = shape_of(kind)
    plain = shape.dump(value)
    for back in (shape.load(plain), shape.reload(plain), shape.restore(plain)):
        assert back == value
        assert type(back) is type(value)
        assert shape.dump(back) == shape.redump(back) == shape.redump(value) == plain


LOST: list[tuple[Any, Any, str]] = [
    (Base, Below(a=1, b="kept"), "expected Base: `the value` is a Below, and only what a Base has would come back"),
    (Base, SameFields(a=1), "is a SameFields"),
    (list[Base], [Base(a=1), Below(a=1)], "expected list[Base]: `1` is a Below"),
    (Holds, Holds(inner=Below(a=1)), "expected Holds: `inner` is a Below"),
    (Holds, Holds(inner=Base(a=1), more={"x": Below(a=1)}), "expected Holds: `more.x` is a Below"),
    (Plain, Wider(1, "kept"), "expected Plain: `the value` is a Wider"),
    (OneWay, OneWay(a=7), "expected OneWay: `a` would come back changed"),
    (Rounded, Rounded(a=1.5), "expected Rounded: `a` would come back changed"),
    (Grows, Grows(a=1), "expected Grows: `a` would come back changed"),
    (
        Cat | Dog,
        Dog(name="x"),
        "`the value` is a Dog and would come back as a Cat. Give the members of the union a tag",
    ),
    (list[Cat | Dog], [Cat(name="x"), Dog(name="y")], "`1` is a Dog"),
    (str | date, date(2026, 1, 2), "is a date and would come back as a str"),
    (tuple[int, int] | None | list[int], (0, 0), "is a tuple and would come back as a list"),
    (dict[tuple[int, int], str], {(1, 2): "x"}, "what is written of it cannot be read"),
    (dict[Colour, int], {Colour.BOTH: 1}, "what is written of it cannot be read"),
    (dict[str, int], {"\ud800": 1}, "is a key that would come back changed"),
    (Keyed, Keyed(key=SecretStr("hush")), "`key` is a SecretStr, which is written as stars. Take a `podium.secrets"),
    (Keyed, Keyed(key=SecretStr(""), seal=SecretBytes(b"hush")), "`seal`: data should be valid base64"),
    (datetime, datetime(1850, 1, 1, tzinfo=BERLIN), "`the value` would come back changed"),
    (collections.deque[int], collections.deque([1], maxlen=3), "has a `maxlen`, which would be lost"),
    (list[str], {"a", "b"}, "is a set, which is in another order each time"),
    (Any, Colour.RED, "is a Colour and would come back as a str"),
    (Any, {"a": [uuid.UUID(int=1)]}, "`a.0` is a UUID and would come back as a str"),
]


@pytest.mark.parametrize(("kind", "value", "complaint"), LOST, ids=named(value for _, value, _ in LOST))
def test_a_value_that_would_come_back_as_another_is_refused_and_the_place_is_named(
    kind: Any, value: Any, complaint: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).dump(value)
    assert refused.value.lossy
    said = str(refused.value)
    assert complaint in said
    assert "\n" not in said
    assert "hush" not in said
    said.encode()


UNFIT: list[tuple[Any, Any, str]] = [
    (Base, {"a": 1, "z": 2}, "expected Base: `z`: extra inputs are not permitted"),
    (Holds, {"inner": {"a": 1, "z": 2}}, "`inner.z`: extra inputs are not permitted"),
    (Entry, {"a": 1, "z": 2}, "expected Entry: `z`: extra inputs are not permitted"),
    (dict[str, Any], {"a": {1: 2}}, "dict key must be str"),
    (dict[str, Any], {"a": {1}}, "type is not JSON serializable: set"),
    (dict[str, Any], {"a": datetime(2026, 1, 2, tzinfo=UTC)}, "type is not JSON serializable"),
    (list[Any], [b"\xff"], "type is not JSON serializable: bytes"),
    (Decimal, Decimal("NaN"), "finite"),
    (int, 2**64, "64-bit"),
    (str, "\ud800", "surrogates not allowed"),
]


@pytest.mark.parametrize(("kind", "value", "complaint"), UNFIT, ids=named(value for _, value, _ in UNFIT))
def test_what_a_type_or_json_has_no_place_for_is_refused(kind: Any, value: Any, complaint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).dump(value)
    assert complaint in str(refused.value)


def test_what_a_model_ignores_on_purpose_may_be_in_what_is_given_for_it() -> None:
    assert shape_of(Careless).dump({"a": 1, "z": 2}) == {"a": 1}  # pyright: ignore[reportArgumentType] - a dict for it


def test_where_anything_may_stand_models_are_their_json_as_their_own_types_write_it() -> None:
    value = {"x": [Binary(raw=b"\xff", words={"b", "a", "c"})], "y": Plain(1)}
    assert shape_of(dict[str, Any]).dump(value) == {"x": [{"raw": "_w==", "words": ["a", "b", "c"]}], "y": {"a": 1}}
    with pytest.raises(InvalidValue, match="is a Below"):
        shape_of(dict[str, Any]).dump({"x": Holds(inner=Below(a=1))})


SETS = """
from pydantic import BaseModel
from podium.agents.shape import shape_of
class Query(BaseModel):
    words: set[str]
    more: dict[str, frozenset[str]]
words = {f"word{i}" for i in range(12)}
print(shape_of(Query).dump(Query(words=words, more={"x": frozenset(words)})))
"""


def test_a_set_is_written_in_the_same_order_by_every_process() -> None:
    written = {
        subprocess.run(
            [sys.executable, "-c", SETS], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(written) == 1


def test_a_field_that_is_excluded_on_purpose_is_warned_of_once_when_the_shape_is_made() -> None:
    class Excluded(BaseModel):
        a: int
        big: str = Field(default="unset", exclude=True)

    with pytest.warns(UserWarning, match=r"Excluded: Excluded\.big is excluded from JSON, so not recorded"):
        shape = shape_of(Excluded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shape_of(Excluded).dump(Excluded(a=1, big="lost")) == {"a": 1}
        assert shape.load({"a": 1}) == Excluded(a=1)


# What was recorded is not judged again


class Moody:
    """Validators that agree once, and never again."""

    def __init__(self) -> None:
        self.agrees = True

    def check(self, value: Any, *_: Any) -> Any:
        if not self.agrees:
            raise OSError("the file is gone")
        return value

    def around(self, value: Any, handler: Any) -> Any:
        return handler(self.check(value))

    def later(self, value: Any) -> Any:
        return value if self.agrees else value * 2


def moody(mood: Moody) -> dict[str, tuple[Any, Any]]:
    """Return types whose validators change their minds, with a value of each."""

    class Checked(BaseModel):
        a: int

        @field_validator("a")
        @classmethod
        def check(cls, value: int) -> int:
            return mood.check(value)

        @model_validator(mode="after")
        def whole(self) -> "Checked":
            return mood.check(self)

    class Initialised(BaseModel):
        a: int

        def model_post_init(self, context: Any, /) -> None:
            mood.check(self)

    @dataclass
    class Made:
        a: int

        def __post_init__(self) -> None:
            mood.check(self)

    return {
        "after": (Annotated[int, AfterValidator(mood.check)], 5),
        "before": (Annotated[int, BeforeValidator(mood.check)], 5),
        "around": (Annotated[int, WrapValidator(mood.around)], 5),
        "another value of the same type": (Annotated[int, AfterValidator(mood.later)], 5),
        "inside": (dict[str, list[Annotated[int, AfterValidator(mood.check)]]], {"x": [5]}),
        "a model": (Checked, Checked(a=5)),
        "a model when it is made": (Initialised, Initialised(a=5)),
        "a dataclass when it is made": (Made, Made(5)),
    }


@pytest.mark.parametrize("name", moody(Moody()))
def test_what_was_recorded_is_handed_back_though_a_validator_refuses_it_now(name: str) -> None:
    mood = Moody()
    kind, value = moody(mood)[name]
    shape = shape_of(kind)
    plain = shape.dump(value)
    mood.agrees = False
    assert shape.restore(plain) == shape.reload(plain) == value
    assert shape.redump(value) == plain


def test_what_looks_at_the_clock_or_at_files_is_asked_once(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    files = shape_of(FilePath)
    plain = files.dump(there)
    there.unlink()
    with pytest.raises(InvalidValue):
        files.load(plain)
    assert files.restore(plain) == there
    past = "2000-01-01T00:00:00Z"
    with pytest.raises(InvalidValue):
        shape_of(FutureDatetime).load(past)
    assert shape_of(FutureDatetime).restore(past) == datetime(2000, 1, 1, tzinfo=UTC)


# What was recorded through another type


class Before(BaseModel):
    a: int
    note: str = ""


class Longer(BaseModel):
    a: int
    note: str = ""
    more: list[int] = [1]


class Bounded(BaseModel):
    a: Annotated[int, Field(gt=10)]
    note: str = ""


CHANGED: list[tuple[Any, Json, str]] = [
    (Base, {"a": 1, "note": "x"}, "`note` is recorded, and the type has no place for it"),
    (list[Base], [{"a": 1}, {"a": 1, "b": 2}], "`1.b` is recorded, and the type has no place for it"),
    (OneWay, {"a": 7}, "`a` is recorded, and the type has no place"),
    (int, "5", "is recorded as another value than the type makes of it"),
    (int, True, "is recorded as another value than the type makes of it"),
    (str, 5, "input should be a valid string"),
    (Bounded, {"a": 5, "note": ""}, "`a`: input should be greater than 10"),
    (date, "2026-01-02T00:00:00Z", "is recorded as another value"),
]


@pytest.mark.parametrize(("kind", "recorded", "complaint"), CHANGED)
def test_what_the_type_has_no_place_for_any_more_is_not_handed_back(kind: Any, recorded: Json, complaint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).restore(recorded)
    assert complaint in str(refused.value)


def test_a_field_that_was_added_has_its_default() -> None:
    recorded = shape_of(Before).dump(Before(a=1, note="x"))
    assert shape_of(Longer).restore(recorded) == Longer(a=1, note="x", more=[1])
