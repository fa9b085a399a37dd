import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field, create_model

from podium.agents.shape import shape_of
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json


class Line(BaseModel):
    text: str
    count: Annotated[int, Field(gt=0)] = 1


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float = 0.0


class Colour(StrEnum):
    RED = "red"


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user_name: str = Field(alias="userName")

    @computed_field
    @property
    def shout(self) -> str:
        return self.user_name.upper()


class Opaque:
    """No type that JSON knows."""


@pytest.mark.parametrize(
    ("kind", "value", "plain"),
    [
        (int, 5, 5),
        (str, "hällo", "hällo"),
        (float, 1.5, 1.5),
        (float, 2, 2.0),
        (bool, True, True),
        (type(None), None, None),
        (Line, Line(text="a"), {"text": "a", "count": 1}),
        (Line, {"text": "a"}, {"text": "a", "count": 1}),
        (Point, Point(1), {"x": 1, "y": 0.0}),
        (list[Line], [Line(text="a"), {"text": "b"}], [{"text": "a", "count": 1}, {"text": "b", "count": 1}]),
        (tuple[int, str], (1, "a"), [1, "a"]),
        (tuple[int, str], [1, "a"], [1, "a"]),
        (dict[int, str], {1: "a"}, {"1": "a"}),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        (Colour, Colour.RED, "red"),
        (str, Colour.RED, "red"),
        (int | str, "5", "5"),
        (Literal["a", "b"], "a", "a"),
        (Any, {"a": (1, None)}, {"a": [1, None]}),
        (dict[str, Any], {"a": Point(1)}, {"a": {"x": 1, "y": 0.0}}),
        (Any, Point(1), {"x": 1, "y": 0.0}),
    ],
)
def test_a_value_of_the_type_becomes_plain_json(kind: Any, value: Json, plain: Json) -> None:
    dumped = shape_of(kind).dump(value)
    assert dumped == plain
    assert type(dumped) is type(plain)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Line, Line(text="a", count=3)),
        (Point, Point(1, 2.5)),
        (tuple[int, ...], (1, 2)),
        (frozenset[str], frozenset({"a"})),
        (dict[int, list[Point]], {1: [Point(1)]}),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC)),
        (uuid.UUID, uuid.UUID(int=5)),
        (Colour, Colour.RED),
        (bytes, b"abc"),
        (Aliased, Aliased(userName="ann")),
        (Point | Line | None, Line(text="x")),
    ],
)
def test_what_was_dumped_loads_as_the_same_value(kind: Any, value: Json) -> None:
    shape = shape_of(kind)
    assert shape.load(shape.dump(value)) == value


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        (int, "5", "expected int: input should be a valid integer, got str"),
        (int, True, "expected int: input should be a valid integer, got bool"),
        (str, None, "expected str: input should be a valid string, got NoneType"),
        (type(None), 0, "expected None"),
        (Line, {"text": "a", "count": "2"}, "expected Line: `count`: input should be a valid integer, got str"),
        (Line, {"text": "a", "count": 0}, "expected Line: `count`"),
        (Line, {}, "expected Line: `text`: field required"),
        (Line, Line.model_construct(text=5), "expected Line: `text`: input should be a valid string, got int"),
        (Point, Point("1"), "expected Point: `x`"),  # pyright: ignore[reportArgumentType]  the subject of the test
        (Point, object(), "expected Point, got object"),
        (list[Point], [{"x": 1}, {"x": None}], "expected list[Point]: `1.x`"),
        (Any, object(), "type is not JSON serializable: object"),
        (Any, {1: 2}, "expected JSON"),
    ],
)
def test_a_value_that_the_type_forbids_is_refused_and_the_place_is_named(
    kind: Any, value: Json, complaint: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        shape_of(kind).dump(value)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (float, math.nan),
        (float, math.inf),
        (Any, -math.inf),
        (Any, {"a": [None, math.nan]}),
        (Point, Point(1, math.nan)),
        (list[float], [1.0, math.inf]),
        (dict[str, Any], {"a": math.nan}),
    ],
)
def test_nan_and_infinity_are_refused_wherever_they_hide(kind: Any, value: Json) -> None:
    with pytest.raises(InvalidValue, match="NaN and infinity are not JSON"):
        shape_of(kind).dump(value)


@pytest.mark.parametrize(("kind", "value"), [(int, 2**64), (list[int], [-(2**70)]), (str, "\ud800"), (Any, "\ud800")])
def test_what_the_store_cannot_write_is_refused(kind: Any, value: Json) -> None:
    with pytest.raises(InvalidValue, match="cannot be kept as JSON"):
        shape_of(kind).dump(value)


@pytest.mark.parametrize("kind", [Any, list[Any]])
def test_a_list_that_holds_itself_is_refused(kind: Any) -> None:
    ring: list[Json] = []
    ring.append(ring)
    with pytest.raises(InvalidValue):
        shape_of(kind).dump(ring)


def test_of_many_errors_three_are_told_and_the_rest_counted() -> None:
    with pytest.raises(InvalidValue, match="and 2 more"):
        shape_of(list[int]).dump(["a"] * 5)  # pyright: ignore[reportArgumentType]  the subject of the test


def test_json_that_does_not_fit_is_refused_when_loaded() -> None:
    with pytest.raises(InvalidValue, match="expected Line: `text`: field required"):
        shape_of(Line).load({})


def test_free_json_is_copied_so_that_a_later_change_is_not_recorded() -> None:
    value = {"a": [1]}
    dumped = shape_of(Any).dump(value)
    value["a"].append(2)
    assert dumped == {"a": [1]}


def test_the_schema_speaks_of_the_type() -> None:
    assert shape_of(Line).schema["required"] == ["text"]


def test_the_shape_of_a_type_is_made_once() -> None:
    assert shape_of(list[Line]) is shape_of(list[Line])


def test_equal_unions_in_another_order_have_shapes_of_their_own() -> None:
    assert shape_of(int | str).name != shape_of(str | int).name


def test_a_type_that_is_no_json_is_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError, match=r"cannot be turned into JSON.*dataclass"):
        shape_of(Opaque)


def test_a_type_that_is_not_finished_is_refused() -> None:
    later: Any = "NotYetThere"
    unfinished = create_model("Unfinished", later=later)
    with pytest.raises(UsageError, match=r"not defined yet"):
        shape_of(unfinished)
