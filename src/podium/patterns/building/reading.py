"""Rules of what members answer: where a rule cannot read an answer, the answer is what is wrong."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from podium.errors import BadAnswer, PatternError

P = ParamSpec("P")
R = TypeVar("R")

_UNREADABLE = (ArithmeticError, AttributeError, LookupError, PatternError, TypeError, ValueError)
"""What a rule raises, or one in CEL, that finds something else than it looks for."""


def reading(pattern: str, option: str, rule: Callable[P, R]) -> Callable[P, R]:
    """Return a rule that raises BadAnswer where it cannot read what it is asked about, with the reason.

    Asked whether an answer is accepted, it has the member told and asked again. `option` is the rule's own name.
    """

    @wraps(rule)
    def read(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return rule(*args, **kwargs)
        except _UNREADABLE as error:
            raise BadAnswer(
                f"{pattern}: its rule `{option}` cannot read what it was given: {type(error).__name__}: {error}"
            ) from error

    return read
