"""Who drives which runs: what each process of a store says that it serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingWorker:
    """What one process serves, as it said last."""

    worker: str
    """The name of its worker."""
    queues: Sequence[str] | None
    """The queues whose runs it drives; None are all."""
    workflows: Mapping[str, Sequence[str]]
    """The versions that it has of each workflow, by name."""
    agents: Mapping[str, Sequence[str]]
    """The same of all other agents."""

    def has_queue(self, queue: str) -> bool:
        """Whether it drives runs of a queue."""
        return self.queues is None or queue in self.queues


def why_unserved(workflow: str, version: str, queue: str, serving: Sequence[ServingWorker]) -> str:
    """Return why none of these processes would drive a run; empty where one would."""
    serving = [each for each in serving if each.queues != []]
    if not serving:
        return "no process serves any workflow on this store. Start one: podium work FILE --forever"
    of_queue = [each for each in serving if each.has_queue(queue)]
    if not of_queue:
        served = sorted({name for each in serving for name in each.queues or ()})
        return f"no process serves the queue {queue!r}; served are {_named(served)}"
    versions = sorted({found for each in of_queue for found in each.workflows.get(workflow, ())})
    if not versions:
        return f"no process that serves the queue {queue!r} has the workflow {workflow!r}"
    if version not in versions:
        return f"no process that serves the queue {queue!r} has {workflow!r} {version}; there is {', '.join(versions)}"
    return ""


def _named(queues: Sequence[str]) -> str:
    return ", ".join(map(repr, queues))
