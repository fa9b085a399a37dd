"""What becomes of a team one of whose members may not do its work: nobody else does it instead, unless told so."""

from collections.abc import Iterable
from typing import Literal

from podium.dispatch.failure import kind_of
from podium.engine.context import Context
from podium.model.retry import NEVER_AGAIN, FailureKind
from podium.patterns.building.pinning import begun_with

OnRefused = Literal["end", "go_on"]
"""Whether the refusal ends the team, or counts like any other failure: others may do the work then."""


def ends_team(ctx: Context, on_refused: OnRefused, error: Exception) -> bool:
    """Whether a team ends as a policy, a guard or a person did not let a member, or somebody below it, do its work.

    Runs that an older release began go on.
    """
    return on_refused == "end" and kind_of(error) is FailureKind.REFUSED and begun_with(ctx, 2)


def end_where_refused(ctx: Context, on_refused: OnRefused, ended: Iterable[object]) -> None:
    """Raise the first refusal that ends the team among what members gave or failed with."""
    for each in ended:
        if isinstance(each, Exception) and ends_team(ctx, on_refused, each):
            raise each


def says_no(ctx: Context, error: Exception) -> bool:
    """Whether asking the same member once more comes to the same: it refuses, may not, or came to its own end.

    In runs that an older release began it was asked once more.
    """
    return kind_of(error) in {*NEVER_AGAIN, FailureKind.REFUSAL} and begun_with(ctx, 2)
