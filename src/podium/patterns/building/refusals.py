"""What becomes of a team one of whose members may not do its work: nobody else does it instead, unless told so."""

from typing import Literal

from podium.dispatch.failure import kind_of
from podium.engine.context import Context
from podium.model.retry import FailureKind
from podium.patterns.building.pinning import begun_with

WhenRefused = Literal["end", "go_on"]
"""Whether the refusal ends the team, or counts like any other failure: others may do the work then."""


def is_refused(error: BaseException | None) -> bool:
    """Whether a policy, a guard or a person did not let a member do its work, or somebody below it."""
    return error is not None and kind_of(error) is FailureKind.REFUSED


def ends_team(ctx: Context, on_refused: WhenRefused, error: BaseException | None) -> bool:
    """Whether a team ends with what its member failed with; runs that an older release began go on."""
    return on_refused == "end" and is_refused(error) and begun_with(ctx, 2)
