"""Dead letters: runs that failed or were quarantined, with what they were given and what was tried."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial

from podium.errors import NotPossible, UnknownRun
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed
from podium.model.facts.notices import RunDiscarded, RunQuarantined
from podium.model.facts.runs import RUN_TIMED_OUT, Ended
from podium.model.failure_cause import FailureCause
from podium.model.json import Json
from podium.model.retry import NEVER_AGAIN
from podium.model.run import BlockedReason, Run, RunState
from podium.reports.sifting import sifted
from podium.store.protocol import DeadQuery, DeadRun, Page, Query, ReadStore

_OWN = {RUN_TIMED_OUT: FailureCause.TIMEOUT, "CallRefused": FailureCause.REFUSED, "RunFailed": FailureCause.CHILD}
"""What runs died of that ended with such an error; a child run or a branch is refused too, and is no call."""
_ABOUT_CALLS = (FactKind.ASKED, FactKind.RETRY, FactKind.ANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt that did not work."""

    at: float
    kind: FailureCause
    error: str
    traceback: str = ""
    """Where the error came from, as far as that is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadCall:
    """A call that made its run fail."""

    key: str
    agent: str
    version: str
    kind: FailureCause
    error: str
    attempts: int
    """How many it used up since it was last asked; `tried` has those before a requeue too."""
    input: Json
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """That nobody will see to it any more."""

    by: str
    why: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A run that failed or was quarantined."""

    run: Run
    at: float
    """When it failed."""
    kind: FailureCause
    error: str
    calls: tuple[DeadCall, ...]
    """Those that made it fail; none where its own code did, or its time was up."""
    traceback: str = ""
    """Where the error came from that it ended with, as far as that is recorded."""
    discarded: Discarded | None = None

    @property
    def agents(self) -> list[str]:
        """Who failed."""
        return list(dict.fromkeys(call.agent for call in self.calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery(Query):
    """Which dead letters are wanted; their time is that of their last word."""

    agent: str | None = None
    workflow: str | None = None
    kind: FailureCause | None = None
    discarded: bool = False
    """Those that were discarded too."""

    def wants(self, letter: DeadLetter) -> bool:
        """Whether a letter is one of them, as far as the store has not seen to that."""
        return (
            (self.discarded or letter.discarded is None)
            and (self.agent is None or self.agent in letter.agents)
            and (self.kind is None or self.kind == letter.kind)
        )


_About = Callable[[str], Awaitable[Sequence[Fact]]]
"""Returns the facts of a run about a key."""


async def dead_letters(store: ReadStore, wanted: DeadLetterQuery) -> Page[DeadLetter]:
    """Return dead letters, those of the newest runs first."""

    async def letter_of(dead: DeadRun) -> DeadLetter | None:
        if is_discard(dead.last) and not wanted.discarded:
            return None
        run = dead.run
        own = [dead.last] if dead.last.kind is FactKind.ENDED else await store.facts_of(run.id, "")
        letter = await _letter(run, own, partial(store.facts_of, run.id))
        return letter if wanted.wants(letter) else None

    common = {each.name: getattr(wanted, each.name) for each in fields(Query)}
    query = DeadQuery(workflow=wanted.workflow, asked=wanted.agent, **common)
    return await sifted(store.dead, query, letter_of)


async def dead_letter(store: ReadStore, run_id: str) -> DeadLetter:
    """Return the dead letter of a run; raises UnknownRun, or NotPossible where it is none."""
    run = await store.run(run_id)
    if run is None:
        raise UnknownRun(f"no run is called {run_id!r}. `podium dead-letters list` shows those that failed.")
    if run.state is not RunState.FAILED and run.blocked is not BlockedReason.QUARANTINED:
        raise NotPossible(f"run {run_id} is {run.state}: a dead letter is a run that failed or is quarantined.")
    by_key: dict[str, list[Fact]] = {}
    for fact in await store.facts(run_id):
        by_key.setdefault(fact.key, []).append(fact)

    async def about(key: str) -> list[Fact]:
        return by_key.get(key, [])

    return await _letter(run, by_key.get("", []), about)


async def _letter(run: Run, own: Sequence[Fact], about: _About) -> DeadLetter:
    """Return the letter of a run from the facts about itself, and a way to those about its calls."""
    last = own[-1]
    discarded = None
    if isinstance(said := last.content, RunDiscarded):
        discarded = Discarded(by=said.by, why=said.why, at=last.at)
    if run.state is RunState.BLOCKED:
        at = next((fact.at for fact in reversed(own) if isinstance(fact.content, RunQuarantined)), last.at)
        return DeadLetter(
            run=run, at=at, kind=FailureCause.QUARANTINED, error=run.reason, calls=(), discarded=discarded
        )
    at, ended = next((fact.at, said) for fact in reversed(own) if isinstance(said := fact.content, Ended))
    calls = tuple([call async for call in _calls(ended.causes, about)])
    kind = _OWN.get(ended.error_type, calls[0].kind if calls else FailureCause.WORKFLOW)
    if kind is FailureCause.WORKFLOW and ended.kind in NEVER_AGAIN:
        kind = FailureCause(ended.kind)
    return DeadLetter(
        run=run, at=at, kind=kind, error=run.reason, calls=calls, traceback=ended.traceback, discarded=discarded
    )


async def _calls(keys: Iterable[str], about: _About) -> AsyncIterator[DeadCall]:
    """Follow failed inline workflows down to the calls that failed by themselves."""
    for key in keys:
        facts = [fact for fact in await about(key) if fact.kind in _ABOUT_CALLS]
        answer = next((fact for fact in reversed(facts) if fact.kind is FactKind.ANSWERED), None)
        if answer is None:
            continue
        if isinstance(said := answer.content, AnsweredFailed) and said.causes:
            async for call in _calls(said.causes, about):
                yield call
        elif (call := _call(key, facts)) is not None:
            yield call


def _call(key: str, facts: Sequence[Fact]) -> DeadCall | None:
    """Return the call that was asked for under a key, with all that was tried; None where none was."""
    found = ((fact, said) for fact in reversed(facts) if isinstance(said := fact.content, Asked))
    if (asked := next(found, None)) is None:
        return None
    fact, said = asked
    tried = tuple(each for fact in facts if (each := _tried(fact)) is not None)
    return DeadCall(
        key=key, agent=said.agent, version=said.version, kind=tried[-1].kind, error=tried[-1].error,
        attempts=1 + sum(each.kind is FactKind.RETRY and each.seq > fact.seq for each in facts),
        input=fact.value(), tried=tried,
    )  # fmt: skip


def _tried(fact: Fact) -> Tried | None:
    """Return what a fact says went wrong, if anything did."""
    match fact.content:
        case AnsweredRefused(rule=rule, reason=reason):
            return Tried(at=fact.at, kind=FailureCause.REFUSED, error=f"{rule}: {reason}")
        case AnsweredFailed() | AttemptFailed() as failed:
            error = f"{failed.type}: {failed.message}"
            return Tried(at=fact.at, kind=FailureCause(failed.kind), error=error, traceback=failed.traceback)
        case AnsweredDone():
            return Tried(at=fact.at, kind=FailureCause.VALIDATION, error="the answer could not be used")
        case _:
            return None


def is_discard(fact: Fact) -> bool:
    """Whether a fact says that a run was discarded."""
    return isinstance(fact.content, RunDiscarded)


async def input_of(store: ReadStore, run_id: str) -> Json:
    """Return what a run was started with."""
    return (await store.facts(run_id))[0].value()
