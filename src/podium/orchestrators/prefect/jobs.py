"""`deployment`: a deployment of Prefect as an agent. Needs the extra `podium[http]`, and nothing of Prefect."""

from typing import Any, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from typing_extensions import TypeForm

from podium.agents.http_service import HttpService
from podium.errors import AgentError, Refusal, UsageError
from podium.model.expected import NAME, or_none
from podium.model.json import Json, decode, is_object
from podium.orchestrators.job import JobAgent, JobValue, job
from podium.orchestrators.rest import RestOptions, rest

In = TypeVar("In")
Out = TypeVar("Out")

_NOT_FOUND = 404
_FAILED = ("FAILED", "CRASHED")
_ENDED = ("COMPLETED", "CANCELLED", *_FAILED)


class FlowRun(TypedDict):
    """What a flow run gives where no artifact is named."""

    id: str
    name: str


class _Deployments:
    """Flow runs of one deployment."""

    def __init__(self, deployment: str, service: HttpService, result: str | None) -> None:
        self.what = f"deployment {deployment} of Prefect"
        self._path = "/deployments/name/" + "/".join(quote(part, safe="") for part in deployment.split("/"))
        self._service = service
        self._result = result

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        await self._service.aclose()

    async def start(self, job: str, input: Json) -> str:
        """Create a flow run with the id as idempotency key: Prefect hands back the one that has it."""
        if input is not None and not is_object(input):
            raise AgentError(f"the {self.what} was given {type(input).__name__}; expected its parameters, by name")
        found = await self._service.ask_at("GET", self._path, none_for=(_NOT_FOUND,))
        if found is None:
            raise AgentError(f"there is no {self.what}: deploy the flow first, and name it as FLOW/DEPLOYMENT")
        body = {"parameters": input or {}, "idempotency_key": job, "tags": ["podium"]}
        made = await self._service.ask_at("POST", f"/deployments/{found['id']}/create_flow_run", body)
        return made["id"]

    async def find(self, job: str) -> str | None:
        """Look for the flow run that has the id as idempotency key."""
        asked = {"flow_runs": {"idempotency_key": {"any_": [job]}}, "limit": 1}
        found = await self._service.ask_at("POST", "/flow_runs/filter", asked)
        return found[0]["id"] if found else None

    async def look(self, reference: str) -> JobValue | None:
        """Return what a completed flow run gave; one that failed or was cancelled raises what its state says."""
        run = await self._run(reference)
        if run is None:
            raise AgentError(f"the flow run {reference} is not there any more: somebody deleted it in Prefect")
        kind: str = run["state_type"]
        said: str = run["state"]["message"] or "its state says no more"
        if kind in _FAILED:
            raise AgentError(f"flow run {run['name']} of the {self.what} has {kind.lower()}: {said}")
        if kind == "CANCELLED":
            raise Refusal(f"flow run {run['name']} of the {self.what} was cancelled in Prefect: {said}")
        return JobValue(value=await self._value(run)) if kind == "COMPLETED" else None

    async def cancel(self, reference: str) -> None:
        """Ask a flow run to stop, unless it has ended."""
        run = await self._run(reference)
        if run is not None and run["state_type"] not in _ENDED:
            wanted = {"state": {"type": "CANCELLING", "message": "the run of Podium that started it was cancelled"}}
            await self._service.ask_at("POST", f"/flow_runs/{reference}/set_state", wanted)

    async def _run(self, reference: str) -> Json:
        return await self._service.ask_at("GET", f"/flow_runs/{reference}", none_for=(_NOT_FOUND,))

    async def _value(self, run: Json) -> Json:
        if self._result is None:
            return FlowRun(id=run["id"], name=run["name"])
        wanted = {"flow_run_id": {"any_": [run["id"]]}, "key": {"any_": [self._result]}}
        asked = {"artifacts": wanted, "sort": "UPDATED_DESC", "limit": 1}
        found = await self._service.ask_at("POST", "/artifacts/filter", asked)
        if not found:
            raise AgentError(f"flow run {run['name']} of the {self.what} left no artifact {self._result!r}")
        data = found[0]["data"]
        return decode(data.encode()) if found[0]["type"] == "table" and isinstance(data, str) else data


def deployment(
    deployment: str, *, name: str, url: str, input: TypeForm[In] = Json, output: TypeForm[Out] = Any,
    result: str | None = None, **options: Unpack[RestOptions],
) -> JobAgent[In, Out]:  # fmt: skip
    """Return an agent that starts a flow run of a deployment, `FLOW/DEPLOYMENT`, and waits until it has ended.

    Its input are the parameters, by name. `url` is that of Prefect's API, such as `http://127.0.0.1:4200/api`. Prefect
    keeps what a flow returns to itself, so the value is what the flow left in the artifact that `result` names, or
    else the flow run's id and name. Raises UsageError for what cannot be meant.
    """
    NAME.check("the deployment", deployment)
    or_none(NAME).check(f"result of {name}", result)
    if len(parts := deployment.split("/")) != len(("flow", "deployment")) or not all(parts):
        raise UsageError(f"the deployment is {deployment!r}; expected FLOW/DEPLOYMENT, such as 'etl/nightly'")
    headers = options.pop("headers", None)
    service = rest(f"deployment {deployment} of Prefect", url, headers)
    return job(name, _Deployments(deployment, service, result), input=input, output=output, **options)
