"""Podium beside a Prefect server that is really running, with flows that it really runs."""

import asyncio
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium import App, Context, workflow
from podium.errors import RunCancelled, RunFailed
from podium.orchestrators.prefect import deployment
from podium.testing import Witness
from tests.e2e.orchestrators.servers import HERE, PATIENCE, environment_of, free_port, running, until_it_answers

pytestmark = pytest.mark.system

FLOWS = 5
_BUSY = 503
"""What Prefect's server answers while another one writes to its SQLite."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Prefect:
    """A server, and a process that serves the flows."""

    def __init__(self, url: str, store: Path, witness: Witness) -> None:
        self.url = url
        self.store = store
        self.witness = witness

    async def ask(self, path: str, body: Any = None) -> Any:
        async with httpx.AsyncClient(timeout=60) as client:
            while (answer := await client.post(f"{self.url}{path}", json=body or {})).status_code == _BUSY:
                await asyncio.sleep(0.5)
            answer.raise_for_status()
            return answer.json()

    async def begin(self, flow: str, what: str) -> str:
        """Start a flow run, and return its id."""
        async with httpx.AsyncClient(timeout=60) as client:
            found = (await client.get(f"{self.url}/deployments/name/{flow}/here")).json()
        made = await self.ask(f"/deployments/{found['id']}/create_flow_run", {"parameters": {"what": what}})
        return made["id"]

    async def end(self, flow_run: str) -> tuple[str, str]:
        """Wait until a flow run has ended, and return how, and what is said of it."""
        while True:
            found = (await self.ask("/flow_runs/filter", {"flow_runs": {"id": {"any_": [flow_run]}}}))[0]
            if found["state_type"] in ENDED:
                return found["state_type"], found["state"]["message"] or ""
            await asyncio.sleep(0.2)

    async def given(self, flow_run: str) -> str:
        """Return what a flow run left."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [flow_run]}, "key": {"any_": ["given"]}}}
        return (await self.ask("/artifacts/filter", wanted))[0]["data"]


@pytest.fixture
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Generator[Prefect]:
    programs = environment_of("prefect")
    if not programs.exists():
        pytest.skip("Prefect is not installed: scripts/install_peers prefect installs it")
    folder, port = tmp_path_factory.mktemp("prefect"), free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_HOME": str(folder), "PREFECT_API_URL": url, "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1", "PREFECT_RUNNER_POLL_FREQUENCY": "1", "PREFECT_LOGGING_LEVEL": "WARNING",
        "FOLDER": str(folder),
    }  # fmt: skip
    here = Prefect(url, folder / "podium.db", Witness(folder / "witness"))
    server = [str(programs / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    flows = [str(programs / "python"), str(HERE / "prefect_flows.py")]
    with running(server, folder, environment) as log:
        until_it_answers(f"{url}/health", log)
        with running(flows, folder, environment):
            asyncio.run(_served(here))
            yield here


async def _served(prefect: Prefect) -> None:
    async with asyncio.timeout(PATIENCE):
        while await prefect.ask("/deployments/count") < FLOWS:
            await asyncio.sleep(0.2)


async def _a_task_or_flow_that_is_tried_again_goes_on_with_its_run(prefect: Prefect, flow: str) -> None:
    async with asyncio.timeout(PATIENCE):
        flow_run = await prefect.begin(flow, flow)
        assert await prefect.end(flow_run) == ("COMPLETED", "")
        assert await prefect.given(flow_run) == f"{flow} is done"
    assert prefect.witness.count("paid", flow) == 1
    assert prefect.witness.count("shaky", flow) == 2


async def _what_fails_here_fails_there_in_its_own_words(prefect: Prefect) -> None:
    async with asyncio.timeout(PATIENCE):
        state, said = await prefect.end(await prefect.begin("fails", "table"))
    assert state == "FAILED"
    assert "RunFailed" in said
    assert "table is locked" in said


async def _a_flow_run_that_is_cancelled_cancels_its_run(prefect: Prefect) -> None:
    async with asyncio.timeout(PATIENCE):
        flow_run = await prefect.begin("asks", "press")
        async with App.open(prefect.store) as app:
            while not (questions := (await app.inbox.list()).items):
                await asyncio.sleep(0.1)
            handle = await app.handle(questions[0].run)
            assert handle.id.startswith(f"prefect:{flow_run}:waits:")
            await prefect.ask(f"/flow_runs/{flow_run}/set_state", {"state": {"type": "CANCELLING"}})
            await prefect.end(flow_run)
            with pytest.raises(RunCancelled):
                await handle.result()
    assert prefect.witness.count("undone", "press") == 1


async def _an_agent_starts_a_flow_run_and_is_given_its_artifact(prefect: Prefect, tmp_path: Path) -> None:
    etl = deployment("etl/here", name="etl", url=prefect.url, output=str, result="rows", poll=0.3)
    bare = deployment("etl/here", name="bare", url=prefect.url, poll=0.3)

    @workflow
    async def night(ctx: Context) -> tuple[str, Any]:
        return await ctx.gather(ctx.call(etl, {"day": "monday"}), ctx.call(bare, {"day": "tuesday"}))

    async with (
        asyncio.timeout(PATIENCE),
        aclosing(etl),
        aclosing(bare),
        App.open(tmp_path / "podium.db", agents=[night]) as app,
    ):
        rows, flow_run = await app.run(night, id="night")
        assert rows == "3 rows of monday, by a flow run"
        assert await prefect.end(flow_run["id"]) == ("COMPLETED", "")
    assert prefect.witness.count("etl", "monday") == 1


async def _an_agent_says_why_its_flow_run_failed(prefect: Prefect, tmp_path: Path) -> None:
    etl = deployment("etl/here", name="etl", url=prefect.url, poll=0.3)
    nowhere = deployment("etl/nowhere", name="nowhere", url=prefect.url, poll=0.3)
    async with (
        asyncio.timeout(PATIENCE),
        aclosing(etl),
        aclosing(nowhere),
        App.open(tmp_path / "podium.db", agents=[etl, nowhere]) as app,
    ):
        with pytest.raises(RunFailed, match=r"has failed: .*nothing comes on a sunday"):
            await app.run(etl, {"day": "sunday"})
        with pytest.raises(RunFailed, match="there is no deployment etl/nowhere of Prefect: deploy the flow first"):
            await app.run(nowhere, {"day": "monday"})
        with pytest.raises(RunFailed, match=r"answered 409: .*day"):
            await app.run(etl, {"night": 7})


async def _an_agent_that_is_cancelled_cancels_its_flow_run(prefect: Prefect, tmp_path: Path) -> None:
    etl = deployment("etl/here", name="etl", url=prefect.url, poll=0.3)
    async with asyncio.timeout(PATIENCE), aclosing(etl), App.open(tmp_path / "podium.db", agents=[etl]) as app:
        handle = await app.start(etl, {"day": "slow"}, id="slow")
        while prefect.witness.count("etl", "slow") == 0:
            await asyncio.sleep(0.1)
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        key = {"flow_runs": {"idempotency_key": {"any_": ["podium:slow:0"]}}}
        state, _ = await prefect.end((await prefect.ask("/flow_runs/filter", key))[0]["id"])
    assert state == "CANCELLED"


async def test_flows_of_prefect_start_runs_and_agents_start_its_flow_runs(prefect: Prefect, tmp_path: Path) -> None:
    """Tried together, as a server takes long to start: each of these is a test of its own."""
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
    async with asyncio.TaskGroup() as group:
        for tried in (
            _a_task_or_flow_that_is_tried_again_goes_on_with_its_run(prefect, "retries-a-task"),
            _a_task_or_flow_that_is_tried_again_goes_on_with_its_run(prefect, "retries-a-flow"),
            _what_fails_here_fails_there_in_its_own_words(prefect),
            _a_flow_run_that_is_cancelled_cancels_its_run(prefect),
            _an_agent_starts_a_flow_run_and_is_given_its_artifact(prefect, tmp_path / "first"),
            _an_agent_says_why_its_flow_run_failed(prefect, tmp_path / "second"),
            _an_agent_that_is_cancelled_cancels_its_flow_run(prefect, tmp_path / "third"),
        ):
            group.create_task(tried)
