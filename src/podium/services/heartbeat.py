"""The beat of a worker, in a thread of its own: a busy event loop is not dead.

How long somebody was silent is measured by whoever watches, with a clock that nobody can set: the time of day may
jump by hours, here or where the other one beats.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from podium.errors import StoreError, StoreLost, StoreMoved
from podium.model.clock import Clock
from podium.store.operations import Placed
from podium.store.protocol import Drain, Serves, WorkerRegistry


class Watch:
    """Watches the beats of others: who has not beaten for a lease while they were watched is silent.

    Only time in which it looked counts, up to a quarter of a lease from one look to the next; after more than a lease
    it watches anew. What kept it from looking, such as a store that was away, may have held up the others too.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._seen: dict[str, tuple[float, float]] = {}
        """The last beat of each, and for how long it has been watched since."""
        self._looked: float | None = None

    def look(self, beats: Mapping[str, float], now: float) -> dict[str, float]:
        """Look at the beats of all others; returns those of the silent."""
        away = 0.0 if self._looked is None else now - self._looked
        before, watched, self._looked = {} if away > self._lease else self._seen, min(away, self._lease / 4), now
        self._seen = {
            worker: (beat, before[worker][1] + watched if worker in before and before[worker][0] == beat else 0.0)
            for worker, beat in beats.items()
        }
        return {worker: beat for worker, (beat, silence) in self._seen.items() if silence > self._lease}

    def forget(self) -> None:
        """Watch anew."""
        self._seen.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatListener:
    """What a worker is told by its beat, and asked, in the thread of the beat."""

    found: Callable[[Sequence[Placed]], None]
    """These runs were handed back by those who are gone."""
    reborn: Callable[[str], None]
    """It was declared dead, and goes on under this name."""
    failed: Callable[[BaseException], None]
    """The beat has ended."""
    drain: Callable[[Drain], None]
    """Somebody has it drained; this is told at each beat."""
    beaten: Callable[[], None]
    """It has beaten."""
    wrote: Callable[[StoreError | None], None]
    """It has written a beat, or could not, for this reason."""
    rates: Callable[[], Mapping[str, float]]
    """How many runs of each queue does it begin a second?"""


class Heartbeat:
    """Says that this worker lives, and declares dead who does not."""

    def __init__(
        self, roll: WorkerRegistry, worker: str, clock: Clock, serves: Serves, *, new_id: Callable[[], str],
        told: BeatListener,
    ) -> None:  # fmt: skip
        self._roll = roll
        self._worker = worker
        self._clock = clock
        self._serves = serves
        self._lease = serves.lease
        self._new_id = new_id
        self._told = told
        self._left = False
        self._last = clock.monotonic()
        self._watch = Watch(serves.lease)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="podium-pulse", daemon=True)

    def start(self) -> None:
        """Enter the worker, take over from those who are gone, and begin to beat."""
        self._join()
        self._reap()
        self._thread.start()

    def pause(self, *, failed: bool) -> float:
        """Return after how long to beat again: sooner where the store could not be reached."""
        return self._lease / (20 if failed else 4)

    def fresh(self, worker: str) -> bool:
        """Whether the last beat, under this name, is younger than half a lease."""
        return worker == self._worker and self._clock.monotonic() - self._last < self._lease / 2

    def beat(self) -> bool:
        """Beat now; False where the worker was declared dead."""
        now = self._clock.monotonic()
        try:
            reply = self._roll.beat(self._worker, self._clock.now(), self._told.rates())
        except StoreError as error:
            self._told.wrote(error)
            raise
        self._told.wrote(None)
        if reply is None:
            return False
        self._last = now
        if reply.drain is not None:
            self._told.drain(reply.drain)
        self._reap()
        self._told.beaten()
        return True

    def stop(self) -> Sequence[Placed]:
        """Hand back what is left, which is returned, and end; nothing happens the second time."""
        self._stop.set()
        self._thread.join()
        if self._left:
            return ()
        left = self._roll.leave(self._worker)
        self._left = True
        return left

    def _join(self) -> None:
        self._last = self._clock.monotonic()
        self._watch.forget()
        self._roll.join(self._worker, self._clock.now(), self._serves)

    def _reap(self) -> None:
        """Take over from those who have not beaten for a lease, and from those whose process is known to be gone."""
        silent = self._watch.look(self._roll.beats(self._worker), self._clock.monotonic())
        self._told.found(self._roll.reap(self._worker, silent))

    def _run(self) -> None:
        failed = False
        while not self._stop.wait(self.pause(failed=failed)):
            failed = False
            try:
                if not self.beat():
                    self._rejoin()
            except (StoreLost, StoreMoved) as error:
                self._told.failed(error)
                return
            except StoreError:
                failed = True  # a store that cannot be reached now: the next beat tries again
            except Exception as error:  # the worker must not go on without a beat, whatever ended it
                self._told.failed(error)
                return

    def _rejoin(self) -> None:
        """This worker was declared dead, as after a long stop of the process: begin anew under another name."""
        self._worker = self._new_id()
        self._join()
        self._told.reborn(self._worker)
