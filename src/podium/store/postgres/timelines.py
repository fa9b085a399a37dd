"""Which of two servers with the same past is the one that went on: the other is not written to."""

import threading


class Timelines:
    """The newest timeline that this process has seen of each server, by the identifier that its copies share.

    A standby that is promoted begins a new one. A server that comes back on an older one does not have what was
    recorded since.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[int, int] = {}

    def goes_on(self, system: int, timeline: int) -> bool:
        """Whether a server is on the newest timeline that was seen, which it may begin."""
        with self._lock:
            newest = self._newest[system] = max(timeline, self._newest.get(system, 0))
        return timeline == newest
