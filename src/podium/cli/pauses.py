"""How long requests wait for Python itself: while it looks for reference cycles, and while another thread has it."""

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

_SWITCH_SECONDS = 0.001
_YOUNG, _MIDDLE, _OLD = 1_000, 10, 50


@contextmanager
def pauses_put_off() -> Generator[None]:
    """Have Python look for no reference cycles while the block lasts, or until `keep_pauses_short`."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep_pauses_short() -> None:
    """Have Python look for reference cycles often, among few objects each time, and pass over what is there already.

    With the threshold that suits a worker a look takes some 50 ms, and each request that comes meanwhile waits for it.
    Where several threads have something to do, each has to give way to the others after a millisecond, not after five.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()
