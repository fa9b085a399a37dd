"""A Temporal server of the tests' own: on ports of this machine alone, with its data in a folder that will go."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

PROGRAM = Path(__file__).parents[1] / ".venv/tools/temporal-server"
NAMESPACE = "default"

_SERVICES = ("frontend", "history", "matching", "worker")


class TemporalServer:
    """A server with one namespace; each fleet of a test has a name of its own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = _free_ports(2 * len(_SERVICES))
        self._named = 0
        settings = folder / "settings.yaml"
        dynamic = folder / "dynamic.yaml"
        settings.write_text(yaml.safe_dump(self._settings(dynamic)), encoding="utf-8")
        dynamic.write_text(yaml.safe_dump(_DYNAMIC), encoding="utf-8")
        self._command = [str(PROGRAM), "--config-file", str(settings), "--allow-no-auth", "start"]
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._ports[0]}"

    def name(self) -> str:
        """Return a name that no other fleet of this server has."""
        self._named += 1
        return f"fleet{self._named}"

    def start(self) -> None:
        """Start the server, and wait until its namespace can be used."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        guard = ["sh", "-c", "cat >/dev/null; kill -9 $0", str(self._process.pid)]  # also where the tests are killed
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        asyncio.run(self._ready())

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None and self._guard is not None:
            self._guard.communicate()
            self._process.wait()
            self._process = self._guard = None

    async def placed(self, workflow: str) -> None:
        """Wait until a workflow was started."""
        handle = (await Client.connect(self.address)).get_workflow_handle(workflow)
        while True:
            with suppress(RPCError):
                await handle.describe()
                return
            await asyncio.sleep(0.01)

    async def terminate(self, workflow: str) -> None:
        """End a workflow, as a person does in Temporal's web page."""
        await (await Client.connect(self.address)).get_workflow_handle(workflow).terminate()

    async def queued(self, task_queue: str, activities: int) -> None:
        """Wait until so many activities wait in a task queue for a worker."""
        request = DescribeTaskQueueRequest(
            namespace=NAMESPACE, task_queue=TaskQueue(name=task_queue), report_stats=True,
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )  # fmt: skip
        service = (await Client.connect(self.address)).workflow_service
        while (await service.describe_task_queue(request)).stats.approximate_backlog_count < activities:
            await asyncio.sleep(0.01)

    async def _ready(self) -> None:
        async with asyncio.timeout(120):
            while True:
                try:
                    client = await Client.connect(self.address)
                    await _namespace(client)
                except (RuntimeError, RPCError):
                    assert self._process is not None
                    assert self._process.poll() is None, (self.folder / "log").read_text(encoding="utf-8")[-3_000:]
                    await asyncio.sleep(0.1)
                else:
                    return

    def _settings(self, dynamic: Path) -> dict[str, Any]:
        stores = {name: {"sql": self._sqlite(name)} for name in ("state", "visibility")}
        ports = iter(self._ports)
        services = {
            name: {"rpc": {"grpcPort": next(ports), "membershipPort": next(ports), "bindOnIP": "127.0.0.1"}}
            for name in _SERVICES
        }
        cluster = {
            "enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": self.address,
        }  # fmt: skip
        return {
            "log": {"stdout": True, "level": "error"},
            "persistence": {
                "defaultStore": "state", "visibilityStore": "visibility", "numHistoryShards": 1, "datastores": stores,
            },
            "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
            "services": services,
            "clusterMetadata": {
                "enableGlobalNamespace": False, "failoverVersionIncrement": 10, "masterClusterName": "active",
                "currentClusterName": "active", "clusterInformation": {"active": cluster},
            },
            "dcRedirectionPolicy": {"policy": "noop"},
            "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "60s"},
        }  # fmt: skip

    def _sqlite(self, name: str) -> dict[str, Any]:
        return {
            "pluginName": "sqlite", "databaseName": str(self.folder / f"{name}.db"), "connectAddr": "localhost",
            "connectProtocol": "tcp", "maxConns": 1, "maxIdleConns": 1, "maxConnLifetime": "1h",
            "connectAttributes": {"cache": "private", "setup": True, "journal_mode": "wal", "synchronous": "0"},
        }  # fmt: skip


async def _namespace(client: Client) -> None:
    """Make the namespace, unless it is there, and wait until every part of the server knows of it."""
    service = client.workflow_service
    try:
        await service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    except RPCError:
        request = RegisterNamespaceRequest(namespace=NAMESPACE)
        request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
        await service.register_namespace(request)
    await client.count_workflows()


_DYNAMIC: dict[str, list[dict[str, Any]]] = {
    "system.refreshNameSpaceIntervalMinimum": [{"value": "100ms"}],
    "system.namespaceCacheRefreshInterval": [{"value": "100ms"}],
    "matching.numTaskqueueReadPartitions": [{"value": 1}],
    "matching.numTaskqueueWritePartitions": [{"value": 1}],
    "frontend.enableUpdateWorkflowExecution": [{"value": True}],
}


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@contextmanager
def temporal_server() -> Generator[TemporalServer]:
    """Run a server while a block lasts, and no longer than this process."""
    folder = Path(mkdtemp(prefix="podium-temporal-"))
    server = TemporalServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
