"""The first fact of a run."""

from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import Run, RunOptions
from podium.store.codec import encode
from podium.store.protocol import NewFact, NewRun


def new_run(
    id: str, card: Card, payload: bytes, options: RunOptions, *, seed: int, at: float, parent: Run | None = None,
    callers: tuple[str, ...] = (),
) -> NewRun:  # fmt: skip
    """Return a run that is ready to be inserted; its first fact holds all that a replay needs."""
    body: dict[str, Json] = {
        "workflow": card.name,
        "version": card.version,
        "seed": seed,
        "principal": options.principal,
    }
    if callers:
        body["callers"] = callers
    return NewRun(
        id=id, workflow=card.name, version=card.version, queue=options.queue, priority=options.priority,
        tenant=options.tenant, principal=options.principal, parent=parent and parent.id,
        root=parent.root if parent else id, tag=options.tag, at=at,
        started=NewFact(FactKind.STARTED, "", at, encode(body), payload),
    )  # fmt: skip
