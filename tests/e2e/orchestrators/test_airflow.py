"""Podium beside an Airflow that is really running: its API server, scheduler and triggerer, with DAGs that it runs."""

import asyncio
import shutil
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunCancelled, RunFailed
from podium.orchestrators.airflow import dag
from podium.testing import Witness
from tests.e2e.orchestrators.servers import HERE, PATIENCE, environment_of, free_port, running, until_it_answers

pytestmark = pytest.mark.system

_FAILED, _THERE = 500, 409
_TRIES = 20
DAGS = {"operator", "fails", "asks", "asks_too", "stopped", "function", "etl"}


class Airflow:
    """An Airflow of all its parts."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.store = folder / "podium.db"
        self.witness = Witness(folder / "witness")

    async def ask(self, method: str, path: str, body: Any = None, *, there: int | None = None) -> Any:
        """Ask, and again where Airflow fails, as it does while its database is locked; `there` says that it is done."""
        async with httpx.AsyncClient(timeout=60) as client:
            answer, tries = await client.request(method, f"{self.url}{path}", json=body), 1
            while answer.status_code == _FAILED and tries < _TRIES:
                await asyncio.sleep(0.5)
                answer, tries = await client.request(method, f"{self.url}{path}", json=body), tries + 1
            if answer.status_code != there:
                answer.raise_for_status()
            return answer.json()

    async def begin(self, dag: str, what: str) -> str:
        """Start a DAG run, and return where it is."""
        name = f"manual_{uuid4()}"
        body = {"dag_run_id": name, "conf": {"what": what}, "logical_date": None}
        await self.ask("POST", f"/dags/{dag}/dagRuns", body, there=_THERE)
        return f"/dags/{dag}/dagRuns/{name}"

    async def end(self, dag_run: str) -> str:
        """Wait until a DAG run has ended, and return how."""
        while (state := (await self.ask("GET", dag_run))["state"]) not in ("success", "failed"):
            await asyncio.sleep(0.2)
        return state

    async def returned(self, dag_run: str, task: str) -> Any:
        """Return what a task returned."""
        return (await self.ask("GET", f"{dag_run}/taskInstances/{task}/xcomEntries/return_value"))["value"]

    async def becomes(self, dag_run: str, task: str, state: str) -> None:
        """Wait until a task stands so."""
        while (await self.ask("GET", f"{dag_run}/taskInstances/{task}"))["state"] != state:
            await asyncio.sleep(0.2)

    async def is_waited_for(self, dag: str) -> None:
        """Wait until the triggerer waits for the end of a task: of one that is stopped before, Airflow tells nobody."""
        while not list(self.folder.glob(f"logs/dag_id={dag}/*/*/*.trigger.*")):
            await asyncio.sleep(0.2)


@pytest.fixture
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Generator[Airflow]:
    programs = environment_of("airflow")
    if not programs.exists():
        pytest.skip("Airflow is not installed: scripts/install_peers airflow installs it")
    folder, port = tmp_path_factory.mktemp("airflow"), free_port()
    (folder / "dags").mkdir()
    shutil.copy(HERE / "airflow_dags.py", folder / "dags")
    settings = {
        "CORE__LOAD_EXAMPLES": "False", "CORE__DAGS_FOLDER": str(folder / "dags"), "CORE__PARALLELISM": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False", "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/", "API__HOST": "127.0.0.1",
        "API__PORT": str(port), "API__WORKERS": "1", "API_AUTH__JWT_SECRET": "of the tests alone, " * 4,
        "WORKERS__EXECUTION_API_TIMEOUT": "300", "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()), "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "USAGE_DATA_COLLECTION__ENABLED": "False", "CORE__FERNET_KEY": "",
    }  # fmt: skip
    environment = {
        "AIRFLOW_HOME": str(folder), "FOLDER": str(folder), "PATH": f"{programs}:/usr/bin:/bin",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }  # fmt: skip
    here = Airflow(f"http://127.0.0.1:{port}/api/v2", folder)
    with running([str(programs / "airflow"), "standalone"], folder, environment) as log:
        until_it_answers(f"{here.url}/monitor/health", log)
        asyncio.run(_parsed(here))
        yield here


async def _parsed(airflow: Airflow) -> None:
    async with asyncio.timeout(PATIENCE):
        while {each["dag_id"] for each in (await airflow.ask("GET", "/dags"))["dags"]} != DAGS:
            await asyncio.sleep(0.2)


async def _a_task_that_is_tried_again_goes_on_with_its_run(airflow: Airflow, name: str) -> None:
    async with asyncio.timeout(PATIENCE):
        dag_run = await airflow.begin(name, name)
        assert await airflow.end(dag_run) == "success"
        assert await airflow.returned(dag_run, "write") == f"{name} is done"
    assert airflow.witness.count("paid", name) == 1
    assert airflow.witness.count("shaky", name) == 2


async def _what_fails_here_fails_there_in_its_own_words(airflow: Airflow) -> None:
    async with asyncio.timeout(PATIENCE):
        dag_run = await airflow.begin("fails", "broken")
        assert await airflow.end(dag_run) == "failed"
        (task,) = (await airflow.ask("GET", f"{dag_run}/taskInstances"))["task_instances"]
        log = await airflow.ask("GET", f"{dag_run}/taskInstances/write/logs/{task['try_number']}?full_content=true")
    assert "RunFailed" in str(log)
    assert "a broken table cannot be mended" in str(log)


async def _a_task_that_waits_for_people_is_deferred_and_given_the_value(airflow: Airflow) -> None:
    async with asyncio.timeout(PATIENCE):
        dag_run = await airflow.begin("asks", "press")
        await airflow.becomes(dag_run, "ask", "deferred")
        async with App.open(airflow.store, agents=[_waits()]) as app:
            question = await _question(app, "asks")
            await app.inbox.answer(question.id, "yes", by="ada")
            assert await airflow.end(dag_run) == "success"
        assert await airflow.returned(dag_run, "ask") == "yes"


async def _a_task_that_is_stopped_cancels_its_run_and_begins_another_once_it_is_cleared(
    airflow: Airflow, name: str, state: str
) -> None:
    async with asyncio.timeout(PATIENCE), App.open(airflow.store, agents=[_waits()]) as app:
        dag_run = await airflow.begin(name, f"press-{name}")
        await airflow.becomes(dag_run, "ask", state)
        if state == "deferred":
            await airflow.is_waited_for(name)
        handle = await app.handle((await _question(app, name)).run)
        await airflow.ask("PATCH", dag_run, {"state": "failed"})
        with pytest.raises(RunCancelled):
            await handle.result()
        assert (await handle.status()).state == "cancelled"
        cleared = {"dry_run": False, "dag_run_id": dag_run.rpartition("/")[2], "only_failed": False}
        await airflow.ask("POST", f"/dags/{name}/clearTaskInstances", cleared)
        question = await _question(app, name)
        assert question.run == f"{handle.id}~2"
        await app.inbox.answer(question.id, "yes", by="ada")
        assert await airflow.end(dag_run) == "success"
        assert await airflow.returned(dag_run, "ask") == "yes"


async def _an_agent_starts_a_dag_run_and_is_given_what_its_task_returned(airflow: Airflow, tmp_path: Path) -> None:
    etl = dag("etl", name="etl", url=airflow.url, result="rows", poll=0.3)
    bare = dag("etl", name="bare", url=airflow.url, poll=0.3)

    @workflow
    async def night(ctx: Context) -> tuple[Any, Any]:
        return await ctx.gather(ctx.call(etl, {"day": "monday"}), ctx.call(bare, {"day": "tuesday"}))

    async with (
        asyncio.timeout(PATIENCE),
        aclosing(etl),
        aclosing(bare),
        App.open(tmp_path / "podium.db", agents=[night]) as app,
    ):
        assert await app.run(night, id="night") == (
            {"rows": 3, "day": "monday"}, {"dag_run_id": "podium:night:1.0"},
        )  # fmt: skip
    assert airflow.witness.count("etl", "monday") == 1


async def _an_agent_says_which_task_of_its_dag_run_failed(airflow: Airflow, tmp_path: Path) -> None:
    etl = dag("etl", name="etl", url=airflow.url, poll=0.3)
    nowhere = dag("nowhere", name="nowhere", url=airflow.url, poll=0.3)
    async with (
        asyncio.timeout(PATIENCE),
        aclosing(etl),
        aclosing(nowhere),
        App.open(tmp_path / "podium.db", agents=[etl, nowhere]) as app,
    ):
        with pytest.raises(RunFailed, match=r"of the DAG etl of Airflow failed: so did rows"):
            await app.run(etl, {"day": "sunday"})
        with pytest.raises(RunFailed, match=r"answered 404: .*nowhere"):
            await app.run(nowhere, {"day": "monday"})
        with pytest.raises(RunFailed, match="was given int; expected its conf, by name"):
            await app.run(etl, 7)


async def _an_agent_that_is_cancelled_stops_its_dag_run(airflow: Airflow, tmp_path: Path) -> None:
    etl = dag("etl", name="etl", url=airflow.url, poll=0.3)
    async with asyncio.timeout(PATIENCE), aclosing(etl), App.open(tmp_path / "podium.db", agents=[etl]) as app:
        handle = await app.start(etl, {"day": "slow"}, id="slow")
        while airflow.witness.count("etl", "slow") == 0:
            await asyncio.sleep(0.1)
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert await airflow.end("/dags/etl/dagRuns/podium:slow:0") == "failed"


def _waits() -> Any:
    """Return the workflow of the DAGs, for a worker of Podium that drives what only waits there."""

    @agent
    async def undo(what: str) -> None: ...

    @workflow
    async def waits(ctx: Context, what: str) -> str:
        await ctx.on_undo(undo, what)
        return await ctx.ask("Publish?", answer=str)

    return waits


async def _question(app: App, dag: str) -> Any:
    """Wait until a run of a DAG asks."""
    while True:
        for each in await app.inbox.list():
            if each.run.startswith(f"airflow:{dag}:"):
                return each
        await asyncio.sleep(0.1)


async def test_tasks_of_airflow_start_runs_and_agents_start_its_dag_runs(airflow: Airflow, tmp_path: Path) -> None:
    """Tried together, as a server takes long to start: each of these is a test of its own."""
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
    async with asyncio.TaskGroup() as group:
        for tried in (
            _a_task_that_is_tried_again_goes_on_with_its_run(airflow, "operator"),
            _a_task_that_is_tried_again_goes_on_with_its_run(airflow, "function"),
            _what_fails_here_fails_there_in_its_own_words(airflow),
            _a_task_that_waits_for_people_is_deferred_and_given_the_value(airflow),
            _a_task_that_is_stopped_cancels_its_run_and_begins_another_once_it_is_cleared(
                airflow, "asks_too", "deferred"
            ),
            _a_task_that_is_stopped_cancels_its_run_and_begins_another_once_it_is_cleared(
                airflow, "stopped", "running"
            ),
            _an_agent_starts_a_dag_run_and_is_given_what_its_task_returned(airflow, tmp_path / "first"),
            _an_agent_says_which_task_of_its_dag_run_failed(airflow, tmp_path / "second"),
            _an_agent_that_is_cancelled_stops_its_dag_run(airflow, tmp_path / "third"),
        ):
            group.create_task(tried)
