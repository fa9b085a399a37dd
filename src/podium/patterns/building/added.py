"""Fields that results of patterns were given after histories with these results had been recorded."""

import operator
from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    import pydantic
    from pydantic.fields import FieldInfo
else:
    pydantic = lazy.module("pydantic")


def added() -> "FieldInfo":
    """Return the mark of a field that came later; it stands in `Annotated`, with the type of the field.

    The field is left out of the JSON where it is empty. So what a running run makes of a result, such as the text that
    the next member is handed, is what it was when it was recorded.
    """
    return pydantic.Field(exclude_if=operator.not_)
