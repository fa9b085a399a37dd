"""What people and programs think of a run."""

from typing import Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, moment
from podium.model.rating import Rating


class RatingGiven(ApiInput):
    """What somebody thinks of a run, or of one of its calls."""

    score: Annotated[float, Field(description="From 0, of no use, to 1, as wanted.", ge=0, le=1)]
    comment: Annotated[str, Field(description="It stays when the run is redacted.", max_length=10_000)] = ""
    key: Annotated[str | None, Field(description="The call that it is about.", min_length=1)] = None


class RatingBody(ApiBody):
    """What somebody thinks of a run, or of one of its calls."""

    by: str
    at: Moment
    score: Annotated[float, Field(description="From 0, of no use, to 1, as wanted.")]
    comment: str
    key: Annotated[str | None, Field(description="The call that it is about; null is the run as a whole.")]

    @classmethod
    def of(cls, rating: Rating) -> Self:
        """Return a rating as others see it."""
        return cls(by=rating.by, at=moment(rating.at), score=rating.score, comment=rating.comment, key=rating.key)
