"""Podium beside Airflow: `PodiumOperator` and `run` start a run here from a task there, `dag` a DAG run from here."""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.orchestrators.airflow.jobs import dag
    from podium.orchestrators.airflow.tasks import PodiumOperator, PodiumTrigger, run

__all__ = ["PodiumOperator", "PodiumTrigger", "dag", "run"]

lazy.exports(
    __name__,
    {
        "podium.orchestrators.airflow.jobs": "dag",
        "podium.orchestrators.airflow.tasks": "PodiumOperator PodiumTrigger run",
    },
)
