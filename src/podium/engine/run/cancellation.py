"""How a run is stopped: by a signal, or because its time is up."""

from collections.abc import Collection, Iterable, Sequence

from podium.engine.run.activity import Activity
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.deadline import Deadline
from podium.engine.run.history import History
from podium.engine.run.mailbox import Mailbox
from podium.engine.run.run_journal import RunJournal
from podium.engine.run.runtime import Runtime
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.runs import Cancelling
from podium.model.run import Run, Signal
from podium.services.timers import Timer
from podium.store.operations import Effect, TakeSignal, Tell


class Cancellation:
    """Cancels the branches of one run, and records at which keys it cut them."""

    __slots__ = ("_activity", "_alarm", "_due", "_history", "_journal", "_mailbox", "_main", "_run", "_runtime")

    def __init__(
        self, run: Run, main: BranchTask, due: Deadline | None, runtime: Runtime, *, history: History,
        journal: RunJournal, mailbox: Mailbox, activity: Activity,
    ) -> None:  # fmt: skip
        self._run = run
        self._main = main
        self._due = due
        self._runtime = runtime
        self._history = history
        self._journal = journal
        self._mailbox = mailbox
        self._activity = activity
        self._alarm: Timer | None = None
        """Rings when the run has to be done."""

    @property
    def next_due(self) -> float | None:
        """When the run will be stopped, unless it is done before or stopped already."""
        return None if self._due is None or self._history.cancelling is not None else self._due.at

    def go_live(self) -> None:
        """Take up a cancel that came or was recorded, or else begin to watch the time."""
        self.take_signal()
        if self._history.cancelling is not None:
            self.cut([self._main], "")
        elif self._due is not None:
            self._alarm = self._runtime.timers.at(self._due.at, self.check_time)
            self.check_time()

    def take_signal(self) -> None:
        """Take a cancel out of the mailbox, if there is one, and stop the run."""
        signal = self._mailbox.take("cancel", "cancel")
        if signal is not None:
            self._stop(signal, [TakeSignal(signal.id)])

    def check_time(self) -> None:
        """Stop the run once its time is up, unless it is stopped already, or about to leave memory."""
        journal, due = self._journal, self._due
        if due is None or journal.closed or journal.closing or self._history.cancelling is not None:
            return
        now = self._runtime.clock.now()
        if now >= due.at:
            self._stop(Signal("cancel", "cancel", "cancel", due.cancelling.body(), now), [])

    def cut(self, branches: Iterable[BranchTask], by: str) -> None:
        """Cancel branches: those that stand at a key are cut there, the others at their next."""
        keys: list[str] = []
        for branch in branches:
            branch.request_cancel(by, keys)
        self._runtime.recalls.queues.cancelled()
        if not keys:
            return
        waits = self._mailbox.remove(keys)
        effects = self.close(keys)
        self._journal.append(KeysCancelled(keys=tuple(keys), by=by), by, effects=effects)
        self._activity.resume(sum(wait.future.cancelled() for wait in waits))

    def close(self, keys: Collection[str]) -> Sequence[Effect]:
        """Let go of what waits at keys that are cut: a place at a limit, and questions, which the effects withdraw."""
        for key in keys:
            self._runtime.dispatcher.cancelled(self._run.id, key)
        return self._mailbox.close(keys)

    def end(self) -> None:
        """Stop to watch the time."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _stop(self, signal: Signal, effects: list[Effect]) -> None:
        """Record that the run is to stop, tell its children, and cut it where it stands."""
        effects.extend(Tell(child, signal) for child in self._history.spawned)
        said = Cancelling.read(signal.body)
        self._main.last_at = self._journal.append(said, effects=effects)
        if self._history.cancelling is None:
            self._history.cancelling = said
        self.cut([self._main], "")
