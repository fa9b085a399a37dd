"""How long Python stops to look for reference cycles: not while a server starts, and briefly while requests wait."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 1_000, 10, 20


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
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()
