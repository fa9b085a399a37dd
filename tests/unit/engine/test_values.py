"""Values come back as they went in: wherever they enter, live and replayed alike, or refused in one line."""

import asyncio
import enum
import re
import tempfile
import uuid
from dataclasses import dataclass, fields, is_dataclass, make_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError, create_model

from podium import Context, workflow
from podium.agents.shape import shape_of
from podium.errors import InvalidValue, RunFailed, UsageError
from podium.secrets import Secret
from tests.examples import examples
from tests.unit.engine.bench import Bench
from tests.unit.engine.value_places import FREE, TYPED, came_of, echoing, refusal_of

# Kinds of values


class Base(BaseModel):
    a: int


class Below(Base):
    b: str = "unset"


@dataclass
class Plain:
    a: int


@dataclass
class Wider(Plain):
    b: str = "unset"


class OneWay(BaseModel):
    a: int = Field(default=0, serialization_alias="aa")


class Cat(BaseModel):
    name: str


class Dog(BaseModel):
    name: str


class Keyed(BaseModel):
    key: SecretStr


class Safe(BaseModel):
    key: Secret


class Query(BaseModel):
    words: set[str]
    raw: bytes


class Colour(enum.Enum):
    RED = "red"


class Letter(enum.StrEnum):
    A = "a"


class Digit(enum.IntEnum):
    ONE = 1


COMES_BACK: dict[str, tuple[Any, Any]] = {
    "a model": (Base, Base(a=1)),
    "a dataclass": (Plain, Plain(1)),
    "bytes": (bytes, b"\x89PNG\xff"),
    "sets and bytes in a model": (Query, Query(words={"b", "a"}, raw=b"\xff")),
    "keys that are numbers": (dict[int, str], {1: "x"}),
    "Decimal": (Decimal, Decimal("1.10")),
    "datetime": (datetime, datetime(2026, 1, 2, tzinfo=UTC)),
    "Enum": (Colour, Colour.RED),
    "a large number": (int, 2**63),
    "a secret by reference": (Safe, Safe(key=Secret("env:SHOP_KEY"))),
}
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "a subclass": (Base, Below(a=1, b="kept"), "is a Below, and only what a Base has would come back"),
    "a subclass in a list": (list[Base], [Below(a=1, b="kept")], "`0` is a Below"),
    "a wider dataclass": (Plain, Wider(1, "kept"), "is a Wider"),
    "an alias that goes one way": (OneWay, OneWay(a=7), "`a` would come back changed"),
    "a union that matches two": (Cat | Dog, Dog(name="x"), "is a Dog and would come back as a Cat"),
    "keys that are tuples": (dict[tuple[int, int], str], {(1, 2): "x"}, "cannot be read"),
    "a secret": (Keyed, Keyed(key=SecretStr("hush")), "`key` is a SecretStr, which is written as stars"),
    "a number of any size": (int, 2**70, "64-bit"),
    "half of a surrogate pair": (str, "\ud83d", "surrogates not allowed"),
    "a key of a bare dict": (dict, {1: "x"}, "`1` is a key that is a int and would come back as a str"),
    "a number that no float is equal to": (list[float], [2**53 + 1], "`0` is an integer that no float is equal to"),
    "an enum beside its value": (Digit | int, Digit.ONE, "is a Digit and would come back as a int"),
    "the zone of a time": (time, time(1, tzinfo=ZoneInfo("Europe/Berlin")), "has a time zone whose offset"),
    "infinity": (float, float("inf"), "NaN and infinity are not JSON"),
    "not a number": (list[float], [float("nan")], "NaN and infinity are not JSON"),
}
NO_JSON: dict[str, tuple[Any, str]] = {
    "a set": ({1}, "not JSON serializable: set|is a set"),
    "bytes": ({"a": b"\xff"}, "not JSON serializable: bytes|is a bytes"),
    "keys that are numbers": ({1: "x"}, "key must be str|is a key that is a int"),
    "datetime": ([datetime(2026, 1, 2, tzinfo=UTC)], "not JSON serializable|is a datetime"),
    "Enum": (Colour.RED, "is a Colour and would come back as a str"),
    "UUID": (uuid.UUID(int=1), "is a UUID and would come back as a str"),
    "not a number": (float("nan"), "NaN and infinity are not JSON"),
    "half of a surrogate pair": ("\ud83d", "surrogates not allowed"),
}


@pytest.mark.parametrize("place", TYPED)
@pytest.mark.parametrize("name", COMES_BACK)
async def test_a_value_comes_back_live_and_in_a_replay(bench: Bench, name: str, place: str) -> None:
    kind, value = COMES_BACK[name]
    seen = await came_of(bench, TYPED[place], kind, value)
    assert len(seen) > 1
    assert all(each == value and type(each) is type(value) for each in seen)


@pytest.mark.parametrize("place", TYPED)
@pytest.mark.parametrize("name", REFUSED)
async def test_a_value_that_would_come_back_as_another_is_refused_in_words(bench: Bench, name: str, place: str) -> None:
    kind, value, complaint = REFUSED[name]
    said = await refusal_of(bench, TYPED[place], kind, value)
    assert complaint in said
    assert "hush" not in said


@pytest.mark.parametrize("place", FREE)
@pytest.mark.parametrize("name", NO_JSON)
async def test_what_is_no_json_is_refused_where_any_json_is_taken(bench: Bench, name: str, place: str) -> None:
    value, complaint = NO_JSON[name]
    assert re.search(complaint, await refusal_of(bench, FREE[place], Any, value))


@pytest.mark.parametrize("place", FREE)
async def test_json_comes_back_where_any_json_is_taken(bench: Bench, place: str) -> None:
    value: dict[str, Any] = {"a": [1, 2.5, None, True, "ä", {}], "b": 2**63}
    assert await came_of(bench, FREE[place], Any, value) == [value] * 2


@pytest.mark.parametrize("name", NO_JSON)
async def test_the_body_of_a_signal_that_is_no_json_is_refused_to_its_sender(bench: Bench, name: str) -> None:
    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.signal("go")

    value, complaint = NO_JSON[name]
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        with pytest.raises(InvalidValue, match="the signal's body") as refused:
            await handle.signal("go", value)
        assert re.search(complaint, str(refused.value))


@pytest.mark.parametrize("name", COMES_BACK)
async def test_what_a_signal_or_a_person_says_of_a_type_comes_back(bench: Bench, name: str) -> None:
    kind, value = COMES_BACK[name]
    plain = echoing(kind).input.dump(value)
    seen: list[Any] = []

    @workflow
    async def flow(ctx: Context) -> None:
        seen.append([await ctx.signal("say", kind), await ctx.ask("?", answer=kind)])
        await ctx.signal("go")

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await handle.signal("say", plain)
        await bench.clock.settle()
        [question] = (await app.inbox.list()).items
        await app.inbox.answer(question.id, plain, by="ann")
        await bench.clock.settle()
    async with bench.app(flow) as app:
        await (await app.handle(handle.id)).signal("go")
        await (await app.handle(handle.id)).result()
    assert seen == [[value, value]] * len(seen)
    assert len(seen) > 1


# A property: whatever the type and the value


FREELY: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.text(), st.just(Letter.A), st.dates(), st.tuples(st.integers())
)
"""What somebody may put in a place that says nothing of its type."""
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers()),
    (float, st.floats() | st.integers()),
    (str, st.text()),
    (bool, st.booleans()),
    (type(None), st.none()),
    (bytes, st.binary()),
    (Decimal, st.decimals(allow_nan=False)),
    (datetime, st.datetimes(timezones=st.none() | st.timezones())),
    (date, st.dates()),
    (time, st.times(timezones=st.none() | st.timezones())),
    (timedelta, st.timedeltas()),
    (uuid.UUID, st.uuids()),
    (Colour, st.just(Colour.RED)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (Any, st.none() | st.integers() | st.text() | st.dates() | st.binary()),
    (SecretStr, st.text().map(SecretStr)),
    (Path, st.just(Path("/a"))),
    (datetime, st.datetimes().map(lambda at: at.replace(fold=1))),
    (time, st.times().map(lambda at: at.replace(fold=1))),
    (Letter, st.just(Letter.A)),
    (Letter | str, st.just(Letter.A) | st.text()),
    (Digit | int, st.just(Digit.ONE) | st.integers()),
    (dict, st.dictionaries(FREELY, FREELY, max_size=2)),
    (dict[Any, int], st.dictionaries(FREELY, st.integers(), max_size=2)),
    (set, st.sets(FREELY, max_size=2)),
    (tuple, st.lists(FREELY, max_size=2).map(tuple)),
    (list, st.lists(FREELY, max_size=2)),
    (Annotated[str, AfterValidator(str.strip)], st.text()),
    (Annotated[list[int], AfterValidator(sorted)], st.lists(st.integers())),
]
Typed = tuple[Any, st.SearchStrategy[Any]]


def built(pair: tuple[type[BaseModel], dict[str, Any]]) -> BaseModel:
    """Return a model; what its own types refuse is no value of it."""
    try:
        return pair[0](**pair[1])
    except ValidationError:
        reject()


def model_of(fields: list[tuple[Typed, str]]) -> Typed:
    """Return a model with these fields, each plain or with an alias; a value may be of a subclass."""
    described: dict[str, Any] = {}
    for n, ((kind, _), way) in enumerate(fields):
        options: dict[str, Any] = {"alias": {"alias": f"Field{n}"}, "one way": {"serialization_alias": f"Field{n}"}}
        described[f"f{n}"] = (kind, Field(**options.get(way, {})))
    made: Any = create_model("Made", __config__={"populate_by_name": True}, **described)
    below: Any = create_model("Below", __base__=made, more=(int, 1))
    values = st.fixed_dictionaries({f"f{n}": values for n, ((_, values), _) in enumerate(fields)})
    return made, st.tuples(st.sampled_from([made, made, made, below]), values).map(built)


def dataclass_of(fields: list[Typed]) -> Typed:
    made: Any = make_dataclass("Data", [(f"f{n}", kind) for n, (kind, _) in enumerate(fields)])
    return made, st.tuples(*(values for _, values in fields)).map(lambda values: made(*values))


def deeper(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    ways = st.sampled_from(["plain", "plain", "plain", "alias", "one way"])
    return st.one_of(
        inner.map(lambda typed: (list[typed[0]], st.lists(typed[1], max_size=3))),
        inner.map(lambda typed: (dict[str, typed[0]], st.dictionaries(st.text(max_size=3), typed[1], max_size=3))),
        inner.map(lambda typed: (typed[0] | None, typed[1] | st.none())),
        st.tuples(inner, inner).map(lambda two: (two[0][0] | two[1][0], two[0][1] | two[1][1])),
        st.tuples(inner, inner).map(lambda two: (tuple[two[0][0], two[1][0]], st.tuples(two[0][1], two[1][1]))),
        st.sampled_from(LEAVES[:9]).map(lambda typed: (set[typed[0]], st.sets(typed[1], max_size=3))),
        st.tuples(st.sampled_from(LEAVES[:13]), inner).map(
            lambda two: (dict[two[0][0], two[1][0]], st.dictionaries(two[0][1], two[1][1], max_size=2))
        ),
        st.lists(st.tuples(inner, ways), min_size=1, max_size=3).map(model_of),
        st.lists(inner, min_size=1, max_size=3).map(dataclass_of),
    )


TYPES: st.SearchStrategy[Typed] = st.recursive(st.sampled_from(LEAVES), deeper, max_leaves=4)


@st.composite
def typed_values(draw: st.DrawFn) -> tuple[Any, Any]:
    kind, values = draw(TYPES)
    return kind, draw(values)


def like(value: Any, other: Any) -> bool:
    """Whether two values are the same to whoever looks at type and text."""
    return type(value) is type(other) and (value == other or repr(value) == repr(other))


@settings(
    max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(typed_values())
def test_whatever_the_type_what_is_written_is_read_as_the_same_or_refused(typed: tuple[Any, Any]) -> None:
    kind, value = typed
    shape = shape_of(kind)
    try:
        plain = shape.dump(value)
    except InvalidValue as error:
        refused = str(error)
        refused.encode()
    else:
        refused = "nothing"
        for back in (shape.load(plain), shape.reload(plain), shape.restore(plain)):
            assert back == value or like(back, value) or is_free(kind)
            assert simply(back, kind) == simply(value, kind)
            assert shape.dump(back) == plain
        assert plain in (shape.redump(value), shape.redump(value, normalised=True))
    assert "\n" not in refused


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(typed_values(), st.sampled_from(sorted(TYPED)))
def test_whatever_the_type_a_value_comes_back_live_and_in_a_replay_or_is_refused(
    typed: tuple[Any, Any], place: str
) -> None:
    kind, value = typed

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            seen, refused = list[Any](), ""
            try:
                seen = await came_of(Bench(Path(folder)), TYPED[place], kind, value)
            except (UsageError, RunFailed) as error:
                refused = str(error)
            assert len(seen) > 1 or (refused and "\n" not in refused)
            for each in seen:
                assert like(each, seen[0])
                assert each == value or like(each, value) or is_free(kind)
                assert simply(each, kind) == simply(value, kind)

    asyncio.run(run())


def free(value: Any) -> Any:
    """Return a value of which no type is known."""
    return value


def simply(value: Any, kind: Any) -> Any:
    """Return what has to be the same, whatever the type: but for lists that were tuples, and what is normalised."""
    match value:
        case str() if not isinstance(value, enum.Enum):
            return value.strip()
        case datetime() | time():
            offset = value.utcoffset()
            return type(value), value.replace(tzinfo=None, fold=0), offset, offset is None and value.fold
        case list() | tuple() | set():
            return isinstance(value, set), sorted(repr(simply(each, kind)) for each in free(value))
        case dict():
            return [(simply(key, kind), simply(each, kind)) for key, each in free(value).items()]
        case enum.Enum() if is_free(kind):
            return simply(value.value, kind)
        case bool() | Path() | enum.Enum():
            return type(value), value
        case int() | float():
            return float(value) if value == float(value) else value
        case _:
            inside = [(name, simply(getattr(value, name), kind)) for name in fields_in(type(value))]
            return (type(value), inside) if inside else value


def is_free(kind: Any) -> bool:
    """Whether a type says nothing of a part, or changes what it is given."""
    if kind in (Any, dict, list, set, tuple) or isinstance(kind, AfterValidator):
        return True
    return any(map(is_free, [*get_args(kind), *fields_in(kind).values()]))


def fields_in(kind: Any) -> dict[str, Any]:
    """Return the types of the fields of a model or dataclass."""
    if is_dataclass(kind):
        return {each.name: each.type for each in fields(kind)}
    return {name: each.annotation for name, each in getattr(kind, "model_fields", {}).items()}
