"""`execution`: a workflow of Temporal as an agent. Needs the extra `podium[temporal]`."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar, Unpack

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from typing_extensions import TypeForm

from podium.agents.per_loop import PerLoop
from podium.errors import AgentError, RateLimited, Refusal, TransportFailed
from podium.model.expected import NAME, Expected
from podium.model.json import Json
from podium.orchestrators.job import ANSWERS_WITHIN, JobAgent, JobOptions, JobValue, job

In = TypeVar("In")
Out = TypeVar("Out")

Connect = Callable[[], Awaitable[Client]]

_RAISED: dict[RPCStatusCode, type[AgentError]] = {
    RPCStatusCode.NOT_FOUND: AgentError,
    RPCStatusCode.INVALID_ARGUMENT: AgentError,
    RPCStatusCode.FAILED_PRECONDITION: AgentError,
    RPCStatusCode.UNIMPLEMENTED: AgentError,
    RPCStatusCode.PERMISSION_DENIED: Refusal,
    RPCStatusCode.UNAUTHENTICATED: Refusal,
    RPCStatusCode.RESOURCE_EXHAUSTED: RateLimited,
}
"""What a status means; any other is a server that cannot answer just now."""
_WITHIN = timedelta(seconds=ANSWERS_WITHIN / 2)
_SERVER = Expected(
    'the address of a server, such as "localhost:7233", or a function that connects to one',
    lambda value: callable(value) or (isinstance(value, str) and bool(value)),
)


class _Connection:
    """A client that connects when it is first needed."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = asyncio.Lock()
        self._client: Client | None = None

    async def client(self) -> Client:
        async with self._lock:
            if self._client is None:
                try:
                    self._client = await self._connect()
                except RuntimeError as error:
                    raise TransportFailed(f"Temporal's server could not be reached: {error}") from error
            return self._client


class _Executions:
    """Executions of one workflow of Temporal."""

    def __init__(self, workflow: str, task_queue: str, connect: Connect) -> None:
        self.what = f"workflow {workflow} of Temporal"
        self._workflow = workflow
        self._task_queue = task_queue
        self._connections = PerLoop(lambda: _Connection(connect))

    async def aclose(self) -> None:
        """Let go of the client of the running event loop, which closes itself."""
        self._connections.pop()

    async def start(self, job: str, input: Json) -> str:
        """Start an execution with the id as workflow id, of which Temporal has one."""
        client = await self._client()
        async with self._asked():
            try:
                await client.start_workflow(
                    self._workflow, input, id=job, task_queue=self._task_queue, rpc_timeout=_WITHIN,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                )  # fmt: skip
            except WorkflowAlreadyStartedError:
                return job
        return job

    async def find(self, job: str) -> str | None:
        """Look for the execution that has the id."""
        return None if await self._status(job) is None else job

    async def look(self, reference: str) -> JobValue | None:
        """Return what the newest execution under the id gave; one that did not raises what Temporal says of it."""
        status = await self._status(reference)
        if status is None:
            raise AgentError(f"the {self.what} with the id {reference} is not there: Temporal has forgotten it")
        if status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
            return None
        client = await self._client()
        async with self._asked():
            try:
                return JobValue(value=await client.get_workflow_handle(reference).result(rpc_timeout=_WITHIN))
            except WorkflowFailureError as error:
                said = f"{self.what} {reference} ended as {status.name.lower()}: {_words(error)}"
                canceled = status is WorkflowExecutionStatus.CANCELED
                raise (Refusal if canceled else AgentError)(said) from error

    async def cancel(self, reference: str) -> None:
        """Ask an execution to stop; one that has ended, or is not there, stays as it is."""
        client = await self._client()
        async with self._asked():
            try:
                await client.get_workflow_handle(reference).cancel(rpc_timeout=_WITHIN)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise

    async def _status(self, reference: str) -> WorkflowExecutionStatus | None:
        client = await self._client()
        async with self._asked():
            try:
                return (await client.get_workflow_handle(reference).describe(rpc_timeout=_WITHIN)).status
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND and "namespace" not in error.message.lower():
                    return None
                raise

    async def _client(self) -> Client:
        return await self._connections.get().client()

    @asynccontextmanager
    async def _asked(self) -> AsyncGenerator[None]:
        try:
            yield
        except RPCError as error:
            kind = _RAISED.get(error.status, TransportFailed)
            raise kind(f"the server of the {self.what} said {error.status.name}: {error.message}") from error


def _words(error: BaseException) -> str:
    """Return what made an execution fail: the innermost of Temporal's failures says it in the words of the code."""
    cause = error
    while isinstance(inner := getattr(cause, "cause", None) or cause.__cause__, FailureError):
        cause = inner
    kind: object = getattr(cause, "type", None)
    return f"{kind}: {cause}" if isinstance(kind, str) and kind else str(cause)


def execution(
    workflow: str, *, name: str, task_queue: str, server: str | Connect = "localhost:7233",
    namespace: str = "default", input: TypeForm[In] = Json, output: TypeForm[Out] = Any, **options: Unpack[JobOptions],
) -> JobAgent[In, Out]:  # fmt: skip
    """Return an agent that starts a workflow of Temporal, by its name, and waits for its value.

    Its input is the workflow's argument. `server` is an address, or an async function that returns a connected
    `temporalio.client.Client` where that takes keys or certificates. Raises UsageError for what cannot be meant.
    """
    for what, given in {"workflow": workflow, "task_queue": task_queue, "namespace": namespace}.items():
        NAME.check(f"{what} of {name}", given)
    _SERVER.check(f"server of {name}", server)

    async def connect() -> Client:
        return await Client.connect(str(server), namespace=namespace)

    executions = _Executions(workflow, task_queue, connect if isinstance(server, str) else server)
    return job(name, executions, input=input, output=output, **options)
