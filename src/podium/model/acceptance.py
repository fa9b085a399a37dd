"""Whether an answer is accepted by whoever asked for it: beyond its type, which the agent declares itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from podium.model.expected import FUNCTION, NAME, NATURAL, Expected, check_fields, or_none

T_contra = TypeVar("T_contra", contravariant=True, default=Any)

CORRECTIONS = 2
"""How often an agent is told that its answer is not accepted, unless something else is said."""

NOT_ACCEPTED = "NotAccepted"
"""The type under which such an answer stands among the failures of attempts."""

_FIELDS: Mapping[str, Expected] = {"rule": FUNCTION, "corrections": NATURAL, "remark": or_none(NAME)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Generic[T_contra]):
    """What is accepted as the answer of a call, and how often its agent is asked again where it gave something else."""

    rule: Callable[[T_contra], str | None]
    """Says what is wrong with an answer, and what is expected; None where it is accepted. Pure: no effects, no time."""
    corrections: int = CORRECTIONS
    """How often the agent, and each of its fallbacks, is told and asked again."""
    remark: str | None = None
    """The name under which an agent that takes a mapping finds in it what was wrong with its last answer."""

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)


Accept = Callable[[T_contra], str | None] | Acceptance[T_contra]
"""A rule, for as many corrections as are usual, or one with all that belongs to it."""


def acceptance(accept: Accept[Any] | None) -> Acceptance[Any] | None:
    """Return what is accepted; None where everything is that the agent declares."""
    if accept is None or isinstance(accept, Acceptance):
        return cast("Acceptance[Any] | None", accept)
    return Acceptance(rule=accept)
