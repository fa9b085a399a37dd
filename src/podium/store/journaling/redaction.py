"""Deleting what a run was given, said and gave, so that its chain still holds."""

from podium.store.journaling.chain import payload_digest, whole_rows
from podium.store.journaling.conversation_changes import blank_messages
from podium.store.journaling.transaction import EmptiedFact, Transaction
from podium.store.operations import Redact


def redact(transaction: Transaction, run: int, wanted: Redact) -> bool:
    """Empty the facts of a run, what it said in conversations, and what else of it the store has.

    False, and nothing is done, where somebody has a turn in one of these conversations. The facts were inserted before,
    by this transaction or an earlier one. The digest of one that was redacted before stays, since what it stood for is
    gone.
    """
    if not blank_messages(transaction, transaction.messages_of(run)):
        return False
    carried = {row[0]: row[6:] for row in whole_rows(transaction.chain(run), lambda seq: transaction.payload(run, seq))}
    facts: list[EmptiedFact] = []
    blobs: set[bytes] = set()
    for seq, left in wanted.left:
        digest, salt, body, payload, blob = carried[seq]
        if salt is not None and body is not None:
            digest = payload_digest(salt, body, payload, blob)
        facts.append(EmptiedFact(seq, digest, left))
        if blob is not None:
            blobs.add(blob)
    transaction.erase(run, wanted.run, facts, blobs)
    return True
