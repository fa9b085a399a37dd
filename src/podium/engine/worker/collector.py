"""How often Python looks for reference cycles while runs are driven."""

import gc

_PYTHON_THRESHOLD = 2_000
_THRESHOLD = 50_000


def relax_collector() -> tuple[int, int, int]:
    """Have Python look for reference cycles less often: with thousands of runs it took a third of the time.

    Returns the thresholds as they were. A program that has set its own keeps them.
    """
    before = gc.get_threshold()
    if before[0] <= _PYTHON_THRESHOLD:
        gc.set_threshold(_THRESHOLD, *before[1:])
    return before
