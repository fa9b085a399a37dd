"""How an error looks: a problem of RFC 9457."""

from typing import Annotated

from pydantic import Field

from podium.api.body import ApiBody


class FieldError(ApiBody):
    """What is wrong with one field of a request."""

    where: Annotated[list[str | int], Field(description="The path to it, such as `body`, `budget`, `usd`.")]
    what: str


class ProblemBody(ApiBody):
    """What went wrong, and what to do next."""

    type: Annotated[str, Field(description="The sort of error: `urn:podium:error:` and its code.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="What was expected, and what to do next.")]
    code: Annotated[str, Field(description="The stable code of the error, for programs.")]
    errors: Annotated[list[FieldError], Field(description="What does not fit, field by field.")]
