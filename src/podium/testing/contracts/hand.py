"""One worker's hand on a store, for the store's contract: short ways to say what a worker does."""

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import count
from typing import Any, TypeVar

from podium.model.fact import FactKind
from podium.model.inbox_book import Remark
from podium.model.json import Json
from podium.model.question import Ask, PersonAnswer, Question, QuestionState
from podium.model.run import RunState, Signal
from podium.store.asking import KeepRemark, OpenQuestion, Reply
from podium.store.codec import encode
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import (
    Close,
    Committed,
    CommitVerdict,
    Delivery,
    Effect,
    FetchSignals,
    FinishRun,
    Operation,
    Park,
    Send,
    Start,
    Write,
)
from podium.store.protocol import Claimed, Serves, Serving, Store, Woken

T = TypeVar("T")

WORKFLOW = "work"
_NOTHING_SAID = Serves()


class Hand:
    """A worker that has joined a store."""

    def __init__(
        self, store: Store, worker: str = "w_1", *, now: float = 100.0, serves: Serves = _NOTHING_SAID
    ) -> None:
        self.store = store
        self.worker = worker
        self._questions = count(1)
        self._others = count(1)
        store.workers.join(worker, now, serves)

    def told(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the store says, on an event loop of its own."""
        return asyncio.run(work)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def commit(self, *operations: Operation) -> Committed:
        """Commit in one transaction."""

        async def work() -> Committed:
            return await self.store.commit(self.worker, operations)

        return self.told(work())

    def verdict(self, operation: Operation) -> CommitVerdict:
        """Commit one operation."""
        return self.commit(operation).verdicts[0]

    def start(self, run: NewRun, *, drive: bool = True) -> int:
        """Insert a run; returns its number."""
        return self.commit(Start(run, drive)).started[run.id]

    def write(
        self, run: int, *facts: NewFact, epoch: int = 1, effects: Sequence[Effect] = (), close: Close | None = None
    ) -> CommitVerdict:
        """Append facts to a run, with what goes with them."""
        return self.verdict(Write(run, epoch, list(facts), list(effects), close))

    def claim(self, *numbers: int) -> list[Claimed]:
        """Take ownership of runs."""
        return self.told(self.store.claim(self.worker, numbers, [WORKFLOW]))

    def take_over(self, run_id: str) -> Claimed | None:
        """Claim a run as an operator does."""
        return self.told(self.store.take_over(run_id, self.worker))

    def wake(
        self, now: float = 0.0, *, versions: Sequence[str] = (), queues: Sequence[str] | None = None, limit: int = 10,
        worker: str | None = None, affinity_wait: float = 0.0,
    ) -> Woken:  # fmt: skip
        """Return what there is to do for a worker, by itself one that looks for the first time."""
        serving = Serving(
            versions={WORKFLOW: frozenset(versions)}, queues=None if queues is None else frozenset(queues), limit=limit,
            affinity_wait=affinity_wait,
        )  # fmt: skip
        return self.told(self.store.wake(worker or f"other_{next(self._others)}", serving, now))

    def ready(self, **looking: Any) -> list[int]:
        """Return the numbers of the runs that wait for a worker, in the order in which they are to be driven."""
        return [placed.n for placed in self.wake(**looking).ready]

    def delivery(self, run: int, *, epoch: int = 1) -> Delivery:
        """Return what came for a run that this worker drives."""
        return self.commit(FetchSignals(run, epoch)).deliveries[run]

    def park(self, run: int, *, wake: int = 0, wake_at: float | None = None, epoch: int = 1) -> CommitVerdict:
        """Park a run."""
        return self.write(run, epoch=epoch, close=Park(wake, wake_at))

    def finish(self, run: int, *, epoch: int = 1, state: RunState = RunState.DONE, at: float = 200.0) -> CommitVerdict:
        """End a run."""
        outcome = {"state": state, "value": 7, "reason": ""}
        return self.write(run, fact(FactKind.ENDED, at=at), epoch=epoch, close=FinishRun(state, "", at, outcome))

    def signal(self, run_id: str, id: str = "s_1", *, name: str = "go") -> CommitVerdict:
        """Send a signal from outside."""
        return self.verdict(Send(run_id, Signal(id, "user", name, {"n": id}, 150.0)))

    def ask(
        self, run: int, run_id: str, *, quorum: int = 1, deadline: float | None = None, at: float = 100.0,
        tenant: str = "default", principal: str = "local",
    ) -> str:  # fmt: skip
        """Open a question in a run; returns its id."""
        ask = Ask(text="May I?", to="boss", quorum=quorum, subject={"about": 1})
        question = Question(
            id=f"q_{run_id}_{next(self._questions)}", run=run_id, key="0", ask=ask, asked_at=at, deadline=deadline,
            state=QuestionState.OPEN, tenant=tenant, principal=principal,
        )  # fmt: skip
        self.write(run, fact(FactKind.QUESTION), effects=[OpenQuestion(question)])
        return question.id

    def answer(
        self, question: str, *, by: str = "ann", at: float = 110.0, value: Json = None, again: bool = False
    ) -> CommitVerdict:
        """Answer a question."""
        given = {"yes": by} if value is None else value
        return self.verdict(Reply(question, PersonAnswer(by=by, value=given, at=at), again))

    def remark(
        self, question: str, id: str, *, by: str = "ann", at: float = 105.0, assignee: str | None = None
    ) -> CommitVerdict:
        """Say something of a question, or give it to somebody."""
        return self.verdict(
            KeepRemark(Remark(id=id, question=question, by=by, at=at, text=f"{by} said so.", assignee=assignee))
        )


def new_run(  # noqa: PLR0913 - each is a word of the run, and the test names it
    id: str, *, workflow: str = WORKFLOW, tag: str | None = None, priority: int = 0, parent: str | None = None,
    payload: bytes = b'"input"', tenant: str = "default", queue: str = "default",
    affinity: str | None = None,
) -> NewRun:  # fmt: skip
    """Return a run that is ready to be inserted."""
    return NewRun(
        id=id, workflow=workflow, version="1", queue=queue, priority=priority, affinity=affinity, tenant=tenant,
        principal="local", parent=parent, root=parent or id, tag=tag, at=100.0,
        started=fact(FactKind.STARTED, payload=payload),
    )  # fmt: skip


def fact(
    kind: FactKind = FactKind.LOOKED_UP, key: str = "", *, payload: bytes | None = None, at: float = 100.0
) -> NewFact:
    """Return a fact that is ready to be appended."""
    return NewFact(kind, key, at, encode({"of": key}), payload)
