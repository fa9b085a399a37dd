"""Podium beside Temporal: `run` starts a run here from an activity there, `execution` starts a workflow there.

Needs the extra `podium[temporal]`.
"""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.orchestrators.temporal.jobs import execution
    from podium.orchestrators.temporal.tasks import run

__all__ = ["execution", "run"]

lazy.exports(
    __name__,
    {
        "podium.orchestrators.temporal.jobs": "execution",
        "podium.orchestrators.temporal.tasks": "run",
    },
)
