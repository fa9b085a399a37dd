"""Runs: starting, looking at, and changing them."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final, TypeVar

from typing_extensions import Unpack

from podium.api.agents import GraphBody
from podium.api.body import PageBody
from podium.api.events import StreamEventBody
from podium.api.lists import RunsGiven
from podium.api.ratings import RatingBody, RatingGiven
from podium.api.requests import RequestBody
from podium.api.runs import (
    BudgetGiven,
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
from podium.client.api_call import ApiCall, Sending, get, keyed, page, post
from podium.client.endpoint import Resource, endpoint, listed, streamed
from podium.client.following import EventCall, stream_of
from podium.client.resources.filters import RunsQuery
from podium.client.ways import Awaiting, Blocking
from podium.model.budget import Budget
from podium.model.ids import RandomIds
from podium.model.json import Json
from podium.model.run import RunState

W = TypeVar("W", Blocking, Awaiting)

AS_IT_WAS: Final = object()
"""What a forked call is given where nothing is said: what it was given before."""
_ONE_WAIT = 25.0
"""Seconds that one request waits: proxies end what is silent for much longer."""
_IDS = RandomIds()


class RunsClient(Resource[W]):
    """`client.runs`."""

    @endpoint
    def start(  # noqa: PLR0913 - each is a word of the run, and the caller names it
        self,
        workflow: str,
        input: Json = None,
        *,
        wait: float | None = 0,
        idempotency_key: str | None = None,
        tag: str | None = None,
        queue: str = "default",
        priority: int = 0,
        within: float | None = None,
        budget: Budget | None = None,
        conversation: str | None = None,
        allow: Sequence[str] | None = None,
        affinity: str | None = None,
    ) -> Sending[RunResultBody]:
        """Start a run of a workflow that the server has, and return it: at once, or after at most `wait` seconds.

        With `wait=None` its end is waited for, however long that takes: `start(…, wait=None).raise_for_state().value`.
        Sent again, by this client after a broken connection or by yourself with the same `idempotency_key` or `tag`, it
        finds the run that was started before. Input is what JSON can hold, a dataclass or a Pydantic model.
        """
        body = RunStart(
            workflow=workflow, input=input, tag=tag, queue=queue, priority=priority, within=within,
            budget=None if budget is None else _budget(budget), conversation=conversation,
            allow=None if allow is None else [*allow], affinity=affinity,
        )  # fmt: skip
        asked = _next_wait(wait)
        call = replace(post("/runs", RunResultBody, body, again=True), wait=asked, query={"wait": asked})
        if tag is None or idempotency_key is not None:
            call = keyed(call, idempotency_key)
        return _until_ended(call, wait, asked)

    @endpoint
    def result(self, run: str, *, wait: float | None = None) -> Sending[RunResultBody]:
        """Return a run with what it gave: once it has ended or is blocked, or after `wait` seconds however it stands.

        `result(run).raise_for_state().value` is what it gave; raises RunFailed, RunCancelled or RunBlocked.
        """
        asked = _next_wait(wait)
        return _until_ended(_result(run, asked), wait, asked)

    @endpoint
    def get(self, run: str, *, generation: int | None = None) -> ApiCall[RunTreeBody]:
        """Return a run as the tree of its calls; of one that restarted the present generation, or the one named."""
        return get("/runs/{run}", RunTreeBody, {"generation": generation}, run=run)

    @endpoint
    def facts(self, run: str, *, after: int = -1) -> "ApiCall[list[FactBody]]":
        """Return everything recorded of a run, in order, or what came after a place."""
        return get("/runs/{run}/facts", _Facts, {"after": after}, run=run)

    @endpoint
    def call(self, run: str, key: str) -> ApiCall[CallBody]:
        """Return all that is recorded of one call, question, wait or step: input, steps, failed attempts, output."""
        return get("/runs/{run}/calls/{key}", CallBody, run=run, key=key)

    @endpoint
    def messages(self, run: str, *, key: str | None = None) -> "ApiCall[list[RequestBody]]":
        """Return what was sent to models, and how that was answered, in order; only of one call with its `key`."""
        return get("/runs/{run}/messages", _Requests, {"key": key}, run=run)

    @streamed
    def events(self, run: str, *, after: int = 0) -> EventCall[StreamEventBody]:
        """Give what a run tells, with its tokens as they come, until it has ended or is blocked.

        Of one that was retried that is its new end. All of it, or what comes after the event with a number. It goes on
        by itself after a broken connection or a restart of the server. What its journal tells of never is missing; of
        the rest an event `gone` says what was.
        """
        return stream_of(get("/runs/{run}/events", StreamEventBody, {"after": after}, run=run))

    @endpoint
    def graph(self, run: str) -> ApiCall[GraphBody]:
        """Draw what a run did as a Mermaid flowchart."""
        return get("/runs/{run}/graph", GraphBody, run=run)

    @endpoint
    def ratings(self, run: str) -> "ApiCall[list[RatingBody]]":
        """Return what people think of a run."""
        return get("/runs/{run}/feedback", _Ratings, run=run)

    @endpoint
    def rate(
        self, run: str, score: float, *, comment: str = "", key: str | None = None, idempotency_key: str | None = None
    ) -> ApiCall[RatingBody]:
        """Say what one thinks of a run, or of one of its calls: from 0, of no use, to 1, as wanted."""
        given = RatingGiven(score=score, comment=comment, key=key)
        return keyed(post("/runs/{run}/feedback", RatingBody, given, run=run), idempotency_key)

    @endpoint
    def verify(self, run: str) -> ApiCall[VerifiedBody]:
        """Recompute the hash chain of a run's facts, and return what does not fit."""
        return get("/runs/{run}/verify", VerifiedBody, run=run)

    @endpoint
    def cancel(self, run: str, *, reason: str = "by request") -> ApiCall[SignalBody]:
        """Ask a run to stop and to undo what it did. It ends where it is driven."""
        return post("/runs/{run}/cancel", SignalBody, ReasonGiven(reason=reason), again=True, run=run)

    @endpoint
    def signal(self, run: str, name: str, body: Json = None, *, id: str | None = None) -> ApiCall[SignalBody]:
        """Send a run a signal; one with the id of a former one is dropped. It gets an id where it has none."""
        given = SignalGiven(name=name, body=body, id=id or _IDS.new("s"))
        return post("/runs/{run}/signals", SignalBody, given, again=True, run=run)

    @endpoint
    def retry(self, run: str) -> ApiCall[RunBody]:
        """Have a failed or blocked run go on from what failed."""
        return post("/runs/{run}/retry", RunBody, run=run)

    @endpoint
    def fork(
        self, run: str, key: str, *, input: Json = AS_IT_WAS, idempotency_key: str | None = None
    ) -> ApiCall[RunBody]:
        """Start a new run that shares what came before a call, which is then made anew; with `input` on that."""
        given = ForkGiven(key=key) if input is AS_IT_WAS else ForkGiven(key=key, input=input)
        return keyed(post("/runs/{run}/fork", RunBody, given, run=run), idempotency_key)

    @endpoint
    def repin(self, run: str, version: str, *, from_key: str | None = None) -> ApiCall[RunBody]:
        """Move a run to another version of its workflow; refused where its journal does not fit the code."""
        return post("/runs/{run}/repin", RunBody, RepinGiven(version=version, from_key=from_key), run=run)

    @endpoint
    def raise_budget(
        self, run: str, *, reason: str, usd: float = 0, tokens: int = 0, calls: int = 0,
        idempotency_key: str | None = None,
    ) -> ApiCall[RunBody]:  # fmt: skip
        """Add to the own budget of a failed or blocked run; then retry it."""
        given = RaiseGiven(usd=usd, tokens=tokens, calls=calls, reason=reason)
        return keyed(post("/runs/{run}/budget", RunBody, given, run=run), idempotency_key)

    @endpoint
    def redact(self, run: str, *, reason: str) -> ApiCall[RedactedBody]:
        """Delete what an ended run and its child runs were given, said and gave; that it took place stays provable."""
        return post("/runs/{run}/redact", RedactedBody, ReasonGiven(reason=reason), again=True, run=run)

    @listed
    def list(self, **filters: Unpack[RunsQuery]) -> ApiCall[PageBody[RunBody]]:
        """List runs, newest first: all, or those for which every filter holds."""
        return page("/runs", PageBody[RunBody], RunsGiven, filters)


_Facts = list[FactBody]
_Ratings = list[RatingBody]
_Requests = list[RequestBody]


def _budget(given: Budget) -> BudgetGiven:
    return BudgetGiven(**{name: each for name, each in asdict(given).items() if each is not None})


def _until_ended(call: ApiCall[RunResultBody], wait: float | None, asked: float) -> Sending[RunResultBody]:
    """Send a call, and ask again until the run has ended, or as many seconds were asked for as are to be waited."""
    left = wait
    found = yield from call
    while not (found.state.ended or found.state is RunState.BLOCKED):
        left = None if left is None else left - asked
        if left is not None and left <= 0:
            break
        asked = _next_wait(left)
        found = yield from _result(found.id, asked)
    return found


def _next_wait(left: float | None) -> float:
    return _ONE_WAIT if left is None else min(left, _ONE_WAIT)


def _result(run: str, wait: float) -> ApiCall[RunResultBody]:
    return replace(get("/runs/{run}/result", RunResultBody, {"wait": wait}, run=run), wait=wait)
