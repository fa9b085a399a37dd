"""The gate between what is recorded and what is new: shut while a run is replayed, and again when its worker stops."""

import asyncio
from collections.abc import Callable

from podium.engine.run.activity import Activity
from podium.engine.run.history import History
from podium.engine.run.run_journal import RunJournal
from podium.errors import Evicted


class ReplayGate:
    """Holds branches back until the code has asked for everything that is recorded. A dry replay never opens it."""

    __slots__ = ("_activity", "_dry", "_go_live", "_history", "_idle_until_live", "_journal", "_waiting", "held",
                 "holding", "is_open", "replaying")  # fmt: skip

    def __init__(
        self, history: History, activity: Activity, journal: RunJournal, *, go_live: Callable[[], None], dry: bool
    ) -> None:
        self.replaying = history.unseen
        """Whether something recorded has not been handed out yet."""
        self.is_open = not self.replaying and not dry
        """Whether branches may do something new."""
        self.holding = False
        """Whether it was shut again: the worker stops, what is under way may end, and nothing new begins."""
        self.held = 0
        """How many branches have come to something new since, and stand there."""
        self._history = history
        self._activity = activity
        self._journal = journal
        self._go_live = go_live
        self._dry = dry
        self._waiting: list[asyncio.Future[None]] = []
        self._idle_until_live: list[asyncio.Future[None]] = []

    async def passed(self) -> None:
        """Return once all that is recorded was handed out."""
        if self.is_open or self.holding:
            return
        if self.replaying and not self._history.unseen and not self._dry:
            self._go_live()
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._activity.idle()
        try:
            await future
        except asyncio.CancelledError:
            if self._journal.closed:
                raise Evicted from None
            raise

    def hold(self) -> None:
        """Shut it again, for what is new: what is recorded of what is under way still passes."""
        self.is_open, self.holding = False, True

    async def held_back(self) -> None:
        """Wait, as a branch that has come to something new, until the run is let go; raises Evicted then."""
        self.stand()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            if self._journal.closed:
                raise Evicted from None
            self.go()
            raise

    def stand(self) -> None:
        """Count a branch among those that are held back."""
        self.held += 1
        self._activity.idle()

    def go(self) -> None:
        """Count it no longer: it goes on with what it had begun."""
        self.held -= 1
        self._activity.resume()

    def wake_when_live(self, future: "asyncio.Future[None]") -> None:
        """Have the future of an idle branch done when replay is over, unless it is done before."""
        self._idle_until_live.append(future)

    def end_replay(self) -> None:
        """Say that everything recorded was handed out; from now on the run is live."""
        self.replaying, self.is_open = False, True

    def release(self) -> None:
        """Let the branches through that wait at the gate."""
        waiting, self._waiting = self._waiting, []
        waiting.extend(future for future in self._idle_until_live if not future.done())
        self._idle_until_live.clear()
        self._activity.resume(len(waiting))
        for future in waiting:
            future.set_result(None)
