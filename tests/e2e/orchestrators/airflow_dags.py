"""DAGs of Airflow that run workflows of Podium, or are run by them. FOLDER is where they work."""

import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, dag, task
from airflow.sdk.exceptions import AirflowFailException

from podium import App, Context, agent, run_sync, workflow
from podium.orchestrators.airflow import PodiumOperator, run
from podium.testing import Witness

FOLDER = Path(os.environ["FOLDER"])
STORE, WITNESS = str(FOLDER / "podium.db"), Witness(FOLDER / "witness")
SOON = timedelta(seconds=0.1)
TRIES = 8
"""More than are needed: Airflow gives a task up that does not begin quickly, as on a busy machine."""


@agent
async def pay(what: str) -> str:
    WITNESS.saw("paid", what)
    return what


@agent
async def shaky(what: str) -> str:
    WITNESS.saw("shaky", what)
    if WITNESS.count("shaky", what) == 1:
        raise ValueError(f"{what} is locked")
    return f"{what} is done"


@agent
async def undo(what: str) -> None:
    WITNESS.saw("undone", what)


@workflow
async def article(ctx: Context, what: str) -> str:
    return await ctx.call(shaky, await ctx.call(pay, what))


@agent
async def mend(what: str) -> None:
    raise ValueError(f"a {what} table cannot be mended")


@workflow
async def hopeless(ctx: Context, what: str) -> None:
    await ctx.call(mend, what)


@workflow
async def waits(ctx: Context, what: str) -> str:
    await ctx.on_undo(undo, what)
    return await ctx.ask("Publish?", answer=str)


with DAG("operator", schedule=None):
    PodiumOperator(
        task_id="write",
        workflow=article,
        store=STORE,
        input="{{ dag_run.conf['what'] }}",
        retries=TRIES,
        retry_delay=SOON,
    )

with DAG("fails", schedule=None):
    PodiumOperator(
        task_id="write", workflow=hopeless, store=STORE, input="{{ dag_run.conf['what'] }}", retries=2, retry_delay=SOON
    )

for name in ("asks", "asks_too"):
    with DAG(name, schedule=None):
        PodiumOperator(
            task_id="ask", workflow=waits, store=STORE, input="{{ dag_run.conf['what'] }}", deferrable=True,
            retries=TRIES, retry_delay=SOON,
        )  # fmt: skip

with DAG("stopped", schedule=None):
    PodiumOperator(
        task_id="ask", workflow=waits, store=STORE, input="{{ dag_run.conf['what'] }}", retries=TRIES, retry_delay=SOON
    )


@dag(schedule=None)
def function() -> None:
    """Run a workflow in a task that is a function."""

    @task(retries=TRIES, retry_delay=SOON)
    def write(what: str) -> str:
        async def work() -> str:
            async with App.open(STORE, agents=[article]) as app:
                return await run(app, article, what)

        return run_sync(work())

    write("{{ dag_run.conf['what'] }}")


@dag(schedule=None)
def etl() -> None:
    """Be run by an agent."""

    @task(retries=TRIES, retry_delay=SOON)
    def rows(day: str) -> dict[str, str | int]:
        WITNESS.saw("etl", day)
        if day == "sunday":
            raise AirflowFailException("nothing comes on a sunday")
        while day == "slow":
            time.sleep(0.1)
        return {"rows": 3, "day": day}

    rows("{{ dag_run.conf['day'] }}")


function()
etl()
