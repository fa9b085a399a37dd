"""The journal of one run, as the run writes it: facts and their effects, committed with each turn of the event loop."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from podium import lazy
from podium.engine.run.activity import Activity
from podium.engine.run.allow_lists import RunAllowLists
from podium.engine.run.runtime import Runtime
from podium.errors import Evicted, TooManyFacts
from podium.model.fact import Fact
from podium.model.facts.content import Writable
from podium.model.run import Run
from podium.secrets.masking import MASKING
from podium.services.group_commit import CommitBatch, Settled
from podium.services.isolation import CommitAnswer
from podium.store.inserting import NewFact
from podium.store.operations import Close, Committed, CommitVerdict, Effect, Reserve, Write

if TYPE_CHECKING:
    from podium.engine.run import provenance
else:
    provenance = lazy.module("podium.engine.run.provenance")

_MOST_IN_A_ROW = 16
"""A run that is alone commits this many times without a turn of the event loop; then other code of the program runs."""

WRITTEN = (CommitVerdict.OK, CommitVerdict.AWAKE)
"""The verdicts on a write whose facts are in the store."""

_LOG = logging.getLogger("podium")

WhenAnswered = Callable[[Write, CommitAnswer, Committed], None]
"""Takes what the store says of a write, and what its commit did."""


class RunJournal:
    """Writes the journal of one run. A dry run writes nothing."""

    __slots__ = (
        "_activity", "_answered", "_batch", "_count", "_dry", "_in_a_row", "_n", "_provenance", "_run", "_runtime",
        "_warn_at", "_writes", "allowed", "closed", "emitter", "logs",
    )  # fmt: skip

    def __init__(
        self, n: int, run: Run, runtime: Runtime, activity: Activity, *, facts: Sequence[Fact], answered: WhenAnswered,
        dry: bool,
    ) -> None:  # fmt: skip
        self.closed = False
        """Whether this process has let go of the run: nothing more is written."""
        self.logs: dict[str, list[Fact]] = {}
        """What is recorded below the keys of workflows that may be tried again; places are those in the list."""
        self._n = n
        self._run = run
        self._runtime = runtime
        self._activity = activity
        self._answered = answered
        self._dry = dry
        self._count = len(facts)
        self.emitter = runtime.streams.begin(run, facts, dry=dry)
        """Emits what is told beside what is recorded."""
        self.allowed = RunAllowLists(facts)
        """What the run may use, by place."""
        self._provenance: provenance.RunProvenance | None = None
        self._warn_at = runtime.max_facts // 2
        self._in_a_row = 0
        self._writes: list[Write] = []
        self._batch: CommitBatch | None = None

    def append(
        self, said: Writable, key: str = "", payload: bytes | None = None, effects: Sequence[Effect] = (), *,
        last: bool = False,
    ) -> float:  # fmt: skip
        """Record a fact with the commit of this loop turn; returns its time. Raises Evicted once the run is let go.

        With `last` it is recorded even if the run has as many facts as it may have: it takes something back.
        """
        if self.closed:
            raise Evicted
        at = self._runtime.clock.now()
        if self._dry:
            return at
        self._count += 1
        if MASKING.active:
            self.emitter.recorded(said.fact_kind, key)
        self.emitter.facts += 1
        if self._count >= self._warn_at and not last:
            self._check_count()
        write = self._writes[-1] if self._writes and self._batch is self._runtime.commits.batch else self._write()
        write.facts.append(NewFact(said.fact_kind, key, at, said.encoded, payload))
        if effects:
            write.effects.extend(effects)
        if self.logs:
            self._log(write.facts[-1])
        return at

    def act(self, effects: Sequence[Effect]) -> None:
        """Have effects carried out with this loop turn's commit that go with no fact; twice is as good as once.

        Raises Evicted once the run is let go.
        """
        if self.closed:
            raise Evicted
        if effects and not self._dry:
            self._write().effects.extend(effects)

    def forget_logs(self, call: str) -> None:
        """Keep no log of a call any more, in whichever of its attempts."""
        for key in [key for key in self.logs if key == call or key.startswith(f"{call}.r")]:
            del self.logs[key]

    def _log(self, fact: NewFact) -> None:
        above = fact.key.partition("/")[0]
        while above:
            log = self.logs.get(above)
            if log is not None and above != fact.key:
                log.append(Fact(len(log), fact.kind, fact.key, fact.at, self._run.epoch, fact.body, fact.payload))
            above = above.rpartition(".")[0]

    @property
    def provenance(self) -> "provenance.RunProvenance":
        """Tells of values where they come from, by what is recorded."""
        if self._provenance is None:
            self._provenance = provenance.RunProvenance(self._run.id, self._runtime)
        return self._provenance

    @property
    def nearly_full(self) -> bool:
        """Whether the run may have one more fact at most."""
        return self._count >= self._runtime.max_facts - 1

    @property
    def newest(self) -> NewFact:
        """The fact that was appended last."""
        return self._writes[-1].facts[-1]

    def close(self) -> None:
        """Write nothing more: this process lets go of the run."""
        self.closed = True
        self._runtime.streams.end(self.emitter, self._run)

    def count_fact(self) -> float:
        """Count a fact that an operation of its own writes; returns the time for it. Raises Evicted."""
        if self.closed:
            raise Evicted
        self._count += 1
        return self._runtime.clock.now()

    def reserve(self, wanted: Reserve, settled: Settled) -> None:
        """Have an amount set aside with the commit of this loop turn, and the fact that says so recorded."""

        def on_verdict(verdict: CommitAnswer, committed: Committed) -> None:
            self.emitter.answered(written=verdict is CommitVerdict.OK)
            settled(verdict, committed)

        self.emitter.asked()
        self._runtime.commits.put(wanted, on_verdict)

    async def committed(self) -> None:
        """Return once all that was appended is in the store; raises Evicted if the store refused it."""
        batch = self._batch
        if batch is not None and not batch.done:
            self.hurry()
            if not batch.done:
                self._in_a_row = 0
                await batch.wait()
        if self.closed:
            raise Evicted

    def hurry(self) -> None:
        """Commit at once, without a turn of the loop, if no other branch or run has anything to commit with it."""
        if self._activity.busy == 1 and self._in_a_row < _MOST_IN_A_ROW and self._runtime.alone():
            self._in_a_row += 1
            self._runtime.commits.flush_alone()

    def close_with(self, close: Close) -> None:
        """Have the run leave memory with the commit of this loop turn."""
        self._write().close = close

    def abandon(self) -> None:
        """Write nothing of what is not committed yet: it stands behind a gap."""
        for write in self._writes:
            write.facts, write.effects, write.close = [], [], None

    @property
    def closing(self) -> bool:
        """Whether a write that is not committed yet lets the run leave memory."""
        return any(write.close is not None for write in self._writes)

    def _write(self) -> Write:
        """Return what this run has committed with this loop turn."""
        batch = self._runtime.commits.batch
        if self._batch is not batch or not self._writes:
            self._writes.append(Write(self._n, self._run.epoch, [], []))
            self._batch = batch
            self._runtime.commits.put(self._writes[-1], self._on_verdict)
            self.emitter.written()
        return self._writes[-1]

    def _on_verdict(self, verdict: CommitAnswer, committed: Committed) -> None:
        write = self._writes.pop(0)
        if verdict in WRITTEN:
            self.emitter.committed()
        self._answered(write, verdict, committed)

    def _check_count(self) -> None:
        """Warn of a run that has half of the facts it may have; raise TooManyFacts if it has them all."""
        most = self._runtime.max_facts
        if self._count > most:
            raise TooManyFacts(
                f"it has {most} facts, as many as max_facts allows. Raise the setting and retry the run, "
                "divide the work among child runs, or have it begin anew now and then with `ctx.restart`."
            )
        if self._warn_at < most:
            _LOG.warning("run %s has %s facts; at %s it will be blocked", self._run.id, self._count, most)
            self._warn_at = most
