"""How long Python stops to look for reference cycles, while requests wait."""

import gc

_YOUNG, _MIDDLE, _OLD = 5_000, 20, 10


def keep_pauses_short() -> None:
    """Have Python look for reference cycles often, among few objects each time, and pass over what is there already.

    With the threshold that suits a worker a look takes some 50 ms, and each request that comes meanwhile waits for it.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
