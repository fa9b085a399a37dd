"""Work that an event loop waits for while a thread does it, counted: a clock that tests drive lets it be done first."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
P = ParamSpec("P")

_LONG = 0.01
"""Real seconds after which a function takes long enough for its beginning to matter before its end."""
_UNDER_WAY: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def begin(loop: asyncio.AbstractEventLoop) -> None:
    """Count one more piece of work, on the loop that waits for it."""
    _UNDER_WAY[loop] = _UNDER_WAY.get(loop, 0) + 1


def end(loop: asyncio.AbstractEventLoop) -> None:
    """Count it no longer: the loop knows what came of it, or waits no more."""
    _UNDER_WAY[loop] -= 1


def under_way(loop: asyncio.AbstractEventLoop) -> int:
    """Return how many pieces of work a loop waits for."""
    return _UNDER_WAY.get(loop, 0)


class CallWork:
    """What one call does, as its limits count it: when it really begins, and when its last part has ended.

    A function in a thread cannot be cut, and a batch is not, since it is for other calls too: both may go on when their
    call is over. All but `begun` is called in the call's event loop.
    """

    __slots__ = ("_began", "_begun_at", "_count", "_now", "_queued", "_then", "_watch", "invoked", "took_place")

    def __init__(
        self, began: Callable[[float | None], None] | None = None, now: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`began` is told once the work has begun, never before: just now, or in a thread at about the time given.

        It is not told of what is over by then.
        """
        self._began = began
        self._now = now
        self._begun_at: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._count = 0
        self._queued = False
        self._then: Callable[[], None] | None = None
        self.invoked = False
        """Whether its agent was asked."""
        self.took_place = False
        """Whether something of it has begun: a call that is cancelled while it waits for a thread has done nothing."""

    def invoke(self) -> None:
        """The agent is asked now: it has begun once what it does before its first wait is done."""
        if not self.invoked:
            self.invoked = True
            if self._began is not None:
                asyncio.get_running_loop().call_soon(self._first_part_over)

    def hold(self) -> None:
        """Count one part more."""
        self._count += 1

    def begin(self) -> None:
        """Count one function more, which waits for a thread."""
        self._queued = True
        self._count += 1
        if self._began is not None and self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(_LONG, self._look)

    def begun(self) -> None:
        """Say that a function begins; called in its thread."""
        if self._began is not None and self._begun_at is None:
            self._begun_at = self._now()
        self.took_place = True

    def end(self) -> None:
        """Count one part less."""
        self._count -= 1
        if not self._count and self._then is not None:
            self._then()
            self._leave()

    def is_over(self) -> bool:
        """Whether all of it has ended, now that the call itself is over."""
        if self.invoked and not self._queued:
            self.took_place = True
        if self._count:
            return False
        self._leave()
        return True

    def when_over(self, then: Callable[[], None]) -> None:
        """Have something done when the last part has ended."""
        self._then = then

    def _leave(self) -> None:
        self._began = None
        if self._watch is not None:
            self._watch.cancel()

    def _first_part_over(self) -> None:
        if self._began is not None and not self._queued:
            self._tell(None)

    def _look(self) -> None:
        """See whether a function that takes long has begun: to be told by its thread costs more than most take."""
        if self._began is None:
            return
        if self._begun_at is None:
            self._watch = asyncio.get_running_loop().call_later(_LONG, self._look)
        else:
            self._tell(self._begun_at)

    def _tell(self, at: float | None) -> None:
        began, self._began, self.took_place = self._began, None, True
        if began is not None:
            began(at)


class JointWork(CallWork):
    """The work of several calls that are done together, as one."""

    __slots__ = ("_works",)

    def __init__(self, works: Sequence[CallWork]) -> None:
        super().__init__()
        self._works = works

    def invoke(self) -> None:
        """The agent of all is asked now."""
        for work in self._works:
            work.invoke()

    def hold(self) -> None:
        """Count one part more in each."""
        for work in self._works:
            work.hold()

    def begin(self) -> None:
        """Count one function more in each."""
        for work in self._works:
            work.begin()

    def begun(self) -> None:
        """Say in each that a function begins."""
        for work in self._works:
            work.begun()

    def end(self) -> None:
        """Count one part less in each."""
        for work in self._works:
            work.end()


CALL_WORK: ContextVar[CallWork | None] = ContextVar("podium_call_work", default=None)
"""The work of the call that the current task is in, where somebody wants to know of it."""


def invoked() -> None:
    """Note that the agent of the current call is asked now."""
    work = CALL_WORK.get()
    if work is not None:
        work.invoke()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns that is called in a thread, as `asyncio.to_thread` does."""
    loop = asyncio.get_running_loop()
    begin(loop)
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    finally:
        end(loop)
