"""Podium beside Prefect: `run` starts a run here from a flow there, `deployment` is an agent that starts flow runs."""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.orchestrators.prefect.jobs import deployment
    from podium.orchestrators.prefect.tasks import cancel_runs, run

__all__ = ["cancel_runs", "deployment", "run"]

lazy.exports(
    __name__,
    {
        "podium.orchestrators.prefect.jobs": "deployment",
        "podium.orchestrators.prefect.tasks": "cancel_runs run",
    },
)
