"""What came of what a process wrote to the store last, for whoever asks whether it takes anything now."""

from typing import Final

from podium.errors import StoreError
from podium.model.clock import Clock

RECENT_SECONDS: Final = 5.0


class LastWrite:
    """Keeps what came of the last commit, or beat, whichever thread made it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.error: StoreError | None = None
        """Why it was not written; None where it was."""
        self._noted_at = clock.monotonic()

    def note(self, error: StoreError | None) -> None:
        """Note what came of a write just now."""
        self.error, self._noted_at = error, self._clock.monotonic()

    def is_old(self) -> bool:
        """Whether that was so long ago that it has to be tried anew to be known."""
        return self._clock.monotonic() - self._noted_at >= RECENT_SECONDS
