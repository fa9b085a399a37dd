"""What all bodies are."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

T = TypeVar("T")

_PRECISION = "milliseconds"


class ApiBody(BaseModel):
    """A body that is answered: it never changes, and an unknown field is no error, so that older clients go on."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        ser_json_inf_nan="null",
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class ApiInput(BaseModel):
    """A body that is sent to the server: what it does not know is refused, not passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec=_PRECISION)


Moment = Annotated[
    datetime, PlainSerializer(_iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A time, in UTC, as ISO 8601 with milliseconds."""


def _in_some_zone(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


GivenMoment = Annotated[datetime, AfterValidator(_in_some_zone)]
"""A time that is sent: without a zone it is one of UTC, wherever the server stands."""


def moment(at: float) -> datetime:
    """Return seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at, tz=UTC)


def in_iso(at: float) -> str:
    """Return seconds since 1970 as bodies say a moment."""
    return moment(at).isoformat(timespec=_PRECISION)


def moment_or_none(at: float | None) -> datetime | None:
    """Return seconds since 1970 as a moment, where there are any."""
    return None if at is None else moment(at)


class PageBody(ApiBody, Generic[T]):
    """A page of a list."""

    items: list[T]
    cursor: Annotated[str | None, Field(description="Where the next page begins; null on the last one.")] = None
