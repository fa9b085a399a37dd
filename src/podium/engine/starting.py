"""The first fact of a run."""

from podium.model.fact import FactKind
from podium.model.run import RunOptions
from podium.store.codec import encode
from podium.store.protocol import NewFact, NewRun


def started_body(
    *, id: str, workflow: str, version: str, payload: bytes, options: RunOptions, seed: int, at: float,
    parent: str | None = None, root: str | None = None,
) -> NewRun:  # fmt: skip
    """Return a run that is ready to be inserted; its first fact holds all that a replay needs."""
    body = {"workflow": workflow, "version": version, "seed": seed, "principal": options.principal}
    return NewRun(
        id=id, workflow=workflow, version=version, queue=options.queue, priority=options.priority,
        tenant=options.tenant, principal=options.principal, parent=parent, root=root or id, tag=options.tag, at=at,
        started=NewFact(FactKind.STARTED, "", at, encode(body), payload),
    )  # fmt: skip
