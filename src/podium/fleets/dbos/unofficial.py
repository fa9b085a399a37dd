# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
"""What DBOS can do and has no public name for. All that depends on its inside stands here."""

import threading
from collections.abc import Sequence

from dbos import DBOS, _dbos


def is_used() -> bool:
    """Whether DBOS has an instance in this process: constructing another one gives the same one back, in silence."""
    return _dbos._dbos_global_instance is not None


def resume(executors: Sequence[str]) -> None:
    """Put the placements that are with these executors back into their queues: publicly only DBOS's service does."""
    DBOS._recover_pending_workflows(list(executors))


def is_busy(instance: DBOS) -> bool:
    """Whether something is taken out of queues, under way, or not written down yet: `destroy` looks once a second."""
    takes = any(thread.name.startswith("queue-worker-") for thread in threading.enumerate())
    return takes or bool(instance._active_workflows_set.activeList())
