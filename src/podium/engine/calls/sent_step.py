"""What a step sends, recorded for people: with its value, when it fails, or while it takes long."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.sent_steps import SentSteps
from podium.model.call import Call
from podium.model.facts.calls import StepSent
from podium.model.json import Json
from podium.model.sent import check_sent
from podium.model.traceback import message_of
from podium.store.codec import encode


class SentStep:
    """A step that has sent something and runs now."""

    __slots__ = ("_active", "_attempt", "_kept", "_key", "_recorded", "_sent", "_steps", "began")

    def __init__(
        self, steps: SentSteps, active: ActiveRun, key: str, attempt: int, sent: Callable[[], Json],
        kept: Callable[[], None] | None,
    ) -> None:  # fmt: skip
        self.began = active.runtime.clock.now()
        self._steps = steps
        self._active = active
        self._key = key
        self._attempt = attempt
        self._sent = sent
        self._kept = kept
        self._recorded = False
        steps.begin(self)

    def record(self) -> None:
        """Record what was sent, unless it is recorded."""
        if not self._recorded:
            self._record("", "")

    def end(self, error: BaseException | None = None) -> None:
        """Record what was sent, and how it failed: before the value of the step, or why there is none."""
        self._steps.end(self)
        if error is None:
            self.record()
        else:
            cut_off = isinstance(error, CancelledError)
            self._record(type(error).__name__, "it was cut off" if cut_off else message_of(error))

    def _record(self, wrong: str, message: str) -> None:
        """Record what was sent, if it is not recorded, and how it failed; nothing where the run leaves memory.

        It raises nothing, since it is no part of the run. What cannot be kept is left out, and why is recorded. The
        last fact that the run may have is left to the run.
        """
        active = self._active
        if active.journal.closed or active.journal.closing or active.journal.nearly_full:
            return
        payload, why = (None, "") if self._recorded else self._payload()
        self._recorded = True
        said = StepSent(attempt=self._attempt, began=self.began, type=wrong, message=message, why=why)
        active.journal.append(said, self._key, payload)

    def _payload(self) -> tuple[bytes | None, str]:
        """Return what was sent as it is kept, or None and why it is not."""
        most = self._active.runtime.max_payload_bytes
        try:
            sent = self._sent()
            check_sent(sent)
            payload = encode(sent)
            if len(payload) > most:
                return None, f"it is {len(payload):,} bytes, more than max_payload_bytes, {most:,}"
            if self._kept is not None:
                self._kept()
        except Exception as broken:
            return None, f"{type(broken).__name__}: {message_of(broken)}"
        return payload, ""


class SentOfCall:
    """What the steps of one attempt that are under way said that they send, by their place."""

    __slots__ = ("_active", "_call", "_steps")

    def __init__(self, active: ActiveRun, call: Call) -> None:
        self._active = active
        self._call = call
        self._steps: dict[str, SentStep] = {}

    def tell(self, path: str, sent: Callable[[str], Json], kept: Callable[[], None] | None) -> None:
        """Note what a step sends, where that is kept."""
        known = self._active.runtime.sent
        if known is not None:
            key, attempt = f"{self._call.key}/{path}", self._call.attempt
            self._steps[path] = SentStep(known, self._active, key, attempt, lambda: sent(path), kept)

    async def kept(self, path: str, work: Awaitable[Json]) -> Json:
        """Await a step; what it said that it sends is recorded before its value, or with how it failed."""
        try:
            value = await work
        except BaseException as error:
            if (sent := self._steps.pop(path, None)) is not None:
                sent.end(error)
            raise
        if (sent := self._steps.pop(path, None)) is not None:
            sent.end()
        return value
