"""`dag`: a DAG of Airflow as an agent. Needs the extra `podium[http]`, and nothing of Airflow."""

from typing import Any, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from typing_extensions import TypeForm

from podium.agents.http_service import HttpService
from podium.errors import AgentError
from podium.model.expected import NAME, or_none
from podium.model.json import Json, is_object
from podium.orchestrators.job import JobAgent, JobValue, job
from podium.orchestrators.rest import RestOptions, rest

In = TypeVar("In")
Out = TypeVar("Out")

_NOT_FOUND = 404
_CONFLICT = 409


class DagRun(TypedDict):
    """What a DAG run gives where no task is named."""

    dag_run_id: str


class _DagRuns:
    """Runs of one DAG."""

    def __init__(self, dag: str, service: HttpService, result: str | None) -> None:
        self.what = f"DAG {dag} of Airflow"
        self._path = f"/dags/{quote(dag, safe='')}/dagRuns"
        self._service = service
        self._result = result

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        await self._service.aclose()

    async def start(self, job: str, input: Json) -> str:
        """Trigger a DAG run with the id, of which a DAG has one."""
        if input is not None and not is_object(input):
            raise AgentError(f"the {self.what} was given {type(input).__name__}; expected its conf, by name")
        body = {"dag_run_id": job, "conf": input or {}, "logical_date": None}
        await self._service.ask_at("POST", self._path, body, none_for=(_CONFLICT,))
        return job

    async def find(self, job: str) -> str | None:
        """Look for the DAG run that has the id."""
        return None if await self._run(job) is None else job

    async def look(self, reference: str) -> JobValue | None:
        """Return what a DAG run gave that succeeded; one that failed raises which of its tasks did."""
        run = await self._run(reference)
        if run is None:
            raise AgentError(f"DAG run {reference} of the {self.what} is not there any more: somebody deleted it")
        if run["state"] == "failed":
            raise AgentError(f"DAG run {reference} of the {self.what} failed: {await self._why(reference)}")
        return JobValue(value=await self._value(reference)) if run["state"] == "success" else None

    async def cancel(self, reference: str) -> None:
        """Mark a DAG run as failed, which is how Airflow stops one, unless it has ended."""
        run = await self._run(reference)
        if run is not None and run["state"] in ("queued", "running"):
            note = "the run of Podium that started it was cancelled"
            await self._service.ask_at("PATCH", self._at(reference), {"state": "failed", "note": note})

    async def _run(self, reference: str) -> Json:
        return await self._service.ask_at("GET", self._at(reference), none_for=(_NOT_FOUND,))

    async def _why(self, reference: str) -> str:
        found = await self._service.ask_at("GET", f"{self._at(reference)}/taskInstances")
        failed = sorted(each["task_id"] for each in found["task_instances"] if each["state"] == "failed")
        return f"so did {', '.join(failed)}" if failed else "none of its tasks did; perhaps somebody stopped it"

    async def _value(self, reference: str) -> Json:
        if self._result is None:
            return DagRun(dag_run_id=reference)
        task = quote(self._result, safe="")
        place = f"{self._at(reference)}/taskInstances/{task}/xcomEntries/return_value?deserialize=true"
        found = await self._service.ask_at("GET", place, none_for=(_NOT_FOUND,))
        if found is None:
            raise AgentError(f"task {self._result} of DAG run {reference} of the {self.what} returned nothing")
        return found["value"]

    def _at(self, reference: str) -> str:
        return f"{self._path}/{quote(reference, safe='')}"


def dag(
    dag: str, *, name: str, url: str, input: TypeForm[In] = Json, output: TypeForm[Out] = Any,
    result: str | None = None, **options: Unpack[RestOptions],
) -> JobAgent[In, Out]:  # fmt: skip
    """Return an agent that triggers a DAG run and waits until it has succeeded.

    Its input is the run's `conf`, by name. `url` is that of Airflow's API, such as `http://127.0.0.1:8080/api/v2`. The
    value is what the task that `result` names returned, or else the id of the DAG run. Raises UsageError for what
    cannot be meant.
    """
    NAME.check("the DAG", dag)
    or_none(NAME).check(f"result of {name}", result)
    service = rest(f"DAG {dag} of Airflow", url, options.pop("headers", None))
    return job(name, _DagRuns(dag, service, result), input=input, output=output, **options)
