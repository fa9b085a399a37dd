"""Having a worker drained, in tables: whoever does it stands in the ledger."""

from podium.model.entered import DRAINED, drain_digest
from podium.store.protocol import Drain
from podium.store.tables.ledger import enter
from podium.store.tables.statements import Statements


def ask_to_drain(statements: Statements, worker: str, wanted: Drain) -> bool:
    """Have a worker told that it is to drain, and enter that in the ledger; False where it is told, or gone."""
    if not statements.changed("worker_drain", wanted.at, wanted.by, wanted.why, worker):
        return False
    enter(statements, worker, drain_digest(worker, wanted.by, wanted.why, wanted.at), DRAINED)
    return True
