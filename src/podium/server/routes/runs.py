"""Runs: starting, looking at, and changing them."""

import asyncio
from typing import Annotated, Any

from fastapi import Path, Query, Response

from podium.api.agents import GraphBody
from podium.api.body import PageBody
from podium.api.lists import RunsGiven
from podium.api.requests import RequestBody
from podium.api.runs import (
    CallBody,
    FactBody,
    ForkGiven,
    RaiseGiven,
    ReasonGiven,
    RedactedBody,
    RepinGiven,
    RunBody,
    RunResultBody,
    RunStart,
    RunTreeBody,
    SignalBody,
    SignalGiven,
    VerifiedBody,
)
from podium.errors import UsageError
from podium.facade.handle import AnyHandle
from podium.model.budget import Budget
from podium.model.run import RunState
from podium.server.again import IdempotencyKey
from podium.server.answers import MaskedJson
from podium.server.callers import OPERATES, READS, STARTS, RequestScope, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("runs")
CallKey = Annotated[str, Path(description="The key of the call, step, wait or question in the run, such as `3/0`.")]
LONGEST_WAIT = 60.0
"""Seconds that a request may wait for the end of a run."""
_IDEMPOTENT = "idempotency:"
Wait = Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for its end; 0 answers at once.")]


@router.post(
    "/runs", status_code=201, openapi_extra=rights(*STARTS), response_model=RunResultBody,
    responses={
        200: {"model": RunResultBody, "description": "It was there already, and has ended or goes on."},
        202: {"model": RunResultBody, "description": "It goes on: its end was waited for, and did not come in time."},
        **responses(404, 409),
    },
)  # fmt: skip
async def start_run(body: RunStart, who: Who, wait: Wait = 0, idempotency_key: IdempotencyKey = None) -> Any:
    """Start a run; with `wait` its value is answered where it ends in time.

    An `Idempotency-Key` makes a request that is sent again find the run that the first one started.
    """
    tag = body.tag
    if idempotency_key is not None:
        if tag is not None:
            raise UsageError("there is a tag and an Idempotency-Key, which both name the run: send one of them.")
        tag = _tag(who.principal.who, idempotency_key)
    elif tag is not None and tag.startswith(_IDEMPOTENT):
        raise UsageError(f"the tag is {tag!r}: those that begin with {_IDEMPOTENT!r} are of Idempotency-Keys.")
    budget = None if body.budget is None else Budget(**body.budget.model_dump(exclude_none=True))
    handle: AnyHandle = await who.app.start(
        body.workflow, body.input, tag=tag, queue=body.queue, priority=body.priority, within=body.within,
        budget=budget, conversation=body.conversation, allow=body.allow, affinity=body.affinity,
        same_input=idempotency_key is not None,
    )  # fmt: skip
    answer = await _result(who, handle, wait)
    status = 201 if handle.new else 200
    if wait and not answer.state.ended and answer.state is not RunState.BLOCKED:
        status = 202
    return MaskedJson(answer.model_dump(mode="json"), status, {"Location": f"/api/v1/runs/{handle.id}"})


def _tag(who: str, key: str) -> str:
    """Return the tag of an Idempotency-Key; no two askers and keys have the same."""
    return f"{_IDEMPOTENT}{who.replace('%', '%25').replace(':', '%3A')}:{key}"


async def _result(who: RequestScope, handle: AnyHandle, wait: float) -> RunResultBody:
    run = await who.app.runs.get(handle.id)
    if run.state.ended or run.state is RunState.BLOCKED or wait:
        try:
            async with asyncio.timeout(wait or None):
                end = await handle.end()
        except TimeoutError:
            pass
        else:
            return RunResultBody.ended(await who.app.runs.get(handle.id), end)
    return RunResultBody.of(run)


@router.get("/runs", openapi_extra=rights(*READS), response_model=PageBody[RunBody])
async def list_runs(who: Who, given: Annotated[RunsGiven, Query()]) -> MaskedJson:
    """List runs, newest first."""
    page = await who.app.runs.list(**given.filters())
    return MaskedJson({"items": [RunBody.json_of(each) for each in page], "cursor": page.cursor})


@router.get("/runs/{run}", openapi_extra=rights(*READS), responses=responses(404))
async def show_run(run: str, who: Who, generation: Annotated[int | None, Query(ge=1)] = None) -> RunTreeBody:
    """Show a run as the tree of its calls; of one that restarted the present generation, or the one named."""
    tree = await who.app.runs.tree(run, generation)
    return RunTreeBody.drawn(await who.app.runs.get(run), tree, await who.app.reports.unserved(run))


@router.get(
    "/runs/{run}/result", openapi_extra=rights(*READS),
    responses={202: {"model": RunResultBody, "description": "It goes on."}, **responses(404, 409)},
)  # fmt: skip
async def run_result(run: str, who: Who, response: Response, wait: Wait = 0) -> RunResultBody:
    """Answer what a run gave, once it has ended; with `wait` that is waited for."""
    answer = await _result(who, await who.app.handle(run), wait)
    if not answer.state.ended and answer.state is not RunState.BLOCKED:
        response.status_code = 202
    return answer


@router.get("/runs/{run}/facts", openapi_extra=rights(*READS), responses=responses(404))
async def run_facts(
    run: str, who: Who, after: Annotated[int, Query(ge=-1, description="Only what came after this place.")] = -1
) -> list[FactBody]:
    """Give everything recorded of a run, in order, or what came after a place."""
    return [FactBody.of(each) for each in await who.app.runs.facts(run, after=after)]


@router.get("/runs/{run}/calls/{key:path}", openapi_extra=rights(*READS), responses=responses(404, 409))
async def show_call(run: str, key: CallKey, who: Who) -> CallBody:
    """Show all that is recorded of one call, question, wait or step: input, steps, failed attempts, output."""
    return CallBody.of(await who.app.runs.call(run, key))


@router.get("/runs/{run}/messages", openapi_extra=rights(*READS), responses=responses(404, 409))
async def run_messages(
    run: str, who: Who, key: Annotated[str | None, Query(description="Only those of this call or step.")] = None
) -> list[RequestBody]:
    """Give what was sent to models, and how that was answered, in order."""
    return [RequestBody.of(each) for each in await who.app.runs.messages(run, key)]


@router.get("/runs/{run}/graph", openapi_extra=rights(*READS), responses=responses(404))
async def draw_run(run: str, who: Who) -> GraphBody:
    """Draw what a run did as a Mermaid flowchart; of one that restarted its present generation."""
    return GraphBody(mermaid=await who.app.runs.graph(run))


@router.get("/runs/{run}/verify", openapi_extra=rights(*READS), responses=responses(404))
async def verify_run(run: str, who: Who) -> VerifiedBody:
    """Recompute the hash chain of a run's facts, and say what does not fit."""
    return VerifiedBody.of(await who.app.runs.get(run), await who.app.reports.verify(run))


@router.post("/runs/{run}/cancel", status_code=202, openapi_extra=rights(*STARTS), responses=responses(404, 409))
async def cancel_run(run: str, who: Who, body: ReasonGiven | None = None) -> SignalBody:
    """Ask a run to stop and to undo what it did. It ends where it is driven."""
    new = await (await who.app.handle(run)).cancel((body or ReasonGiven()).reason)
    return SignalBody(run=run, state=(await who.app.runs.get(run)).state, new=new)


@router.post("/runs/{run}/signals", status_code=202, openapi_extra=rights(*STARTS), responses=responses(404, 409))
async def signal_run(run: str, body: SignalGiven, who: Who) -> SignalBody:
    """Send a run a signal; one with the id of a former one is dropped."""
    new = await (await who.app.handle(run)).signal(body.name, body.body, id=body.id)
    return SignalBody(run=run, state=(await who.app.runs.get(run)).state, new=new)


@router.post("/runs/{run}/retry", status_code=202, openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def retry_run(run: str, who: Who) -> RunBody:
    """Have a failed or blocked run go on from what failed."""
    await who.app.operations.retry(run)
    return RunBody.of(await who.app.runs.get(run))


@router.post("/runs/{run}/fork", status_code=201, openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def fork_run(run: str, body: ForkGiven, who: Who, idempotency_key: IdempotencyKey = None) -> RunBody:
    """Start a new run that shares what came before a call, which is then made anew; with `input` on that."""
    edit = {"input": body.input} if "input" in body.model_fields_set else {}
    handle = await who.app.operations.fork(run, body.key, **edit, once=idempotency_key)
    return RunBody.of(await who.app.runs.get(handle.id))


@router.post("/runs/{run}/repin", status_code=202, openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def repin_run(run: str, body: RepinGiven, who: Who) -> RunBody:
    """Move a run to another version of its workflow; refused where its journal does not fit the code."""
    await who.app.operations.repin(run, body.version, from_key=body.from_key)
    return RunBody.of(await who.app.runs.get(run))


@router.post("/runs/{run}/budget", status_code=202, openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def raise_budget(run: str, body: RaiseGiven, who: Who, idempotency_key: IdempotencyKey = None) -> RunBody:
    """Add to the own budget of a failed or blocked run; then retry it."""
    await who.app.operations.raise_budget(
        run, usd=body.usd, tokens=body.tokens, calls=body.calls, why=body.reason, once=idempotency_key
    )
    return RunBody.of(await who.app.runs.get(run))


@router.post("/runs/{run}/redact", openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def redact_run(run: str, body: ReasonGiven, who: Who) -> RedactedBody:
    """Delete what an ended run and its child runs were given, said and gave; that it took place stays provable."""
    return RedactedBody(run=run, redacted=await who.app.operations.redact(run, why=body.reason))
