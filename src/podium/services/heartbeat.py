"""The beat of a worker, in a thread of its own: a busy event loop is not dead."""

import threading
from collections.abc import Callable, Sequence

from podium.errors import StoreError, StoreLost
from podium.model.clock import Clock
from podium.store.operations import Placed
from podium.store.protocol import WorkerRegistry


class Heartbeat:
    """Says that this worker lives, and declares dead who does not."""

    def __init__(
        self, roll: WorkerRegistry, worker: str, clock: Clock, lease: float, *,
        found: Callable[[Sequence[Placed]], None], reborn: Callable[[str], None], new_id: Callable[[], str],
        failed: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self._roll = roll
        self._worker = worker
        self._clock = clock
        self._lease = lease
        self._found = found
        self._reborn = reborn
        self._new_id = new_id
        self._failed = failed
        self._left = False
        self._last = clock.now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="podium-pulse", daemon=True)

    def start(self) -> None:
        """Enter the worker, take over from those who are gone, and begin to beat."""
        self._last = self._clock.now()
        self._roll.join(self._worker, self._last)
        self._found(self._roll.reap(self._worker, self._last - self._lease))
        self._thread.start()

    def fresh(self, worker: str) -> bool:
        """Whether the last beat, under this name, is younger than half a lease."""
        return worker == self._worker and self._clock.now() - self._last < self._lease / 2

    def beat(self) -> bool:
        """Beat now; False where the worker was declared dead."""
        now = self._clock.now()
        late = now - self._last > self._lease
        if not self._roll.beat(self._worker, now):
            return False
        self._last = now
        if not late:
            self._found(self._roll.reap(self._worker, now - self._lease))
        return True

    def stop(self) -> None:
        """Hand back what is left, and end; nothing happens the second time."""
        self._stop.set()
        self._thread.join()
        if not self._left:
            self._roll.leave(self._worker)
            self._left = True

    def _run(self) -> None:
        while not self._stop.wait(self._lease / 4):
            try:
                if not self.beat():
                    self._rejoin()
            except StoreLost as error:
                self._failed(error)
                return
            except StoreError:
                continue  # a store that cannot be written now: the next beat tries again
            except Exception as error:  # the worker must not go on without a beat, whatever ended it
                self._failed(error)
                return

    def _rejoin(self) -> None:
        """This worker was declared dead, as after a long stop of the process: begin anew under another name."""
        self._worker, self._last = self._new_id(), self._clock.now()
        self._roll.join(self._worker, self._last)
        self._reborn(self._worker)
