"""Deleting what a run was given, said and gave, so that its chain still holds."""

from podium.model.conversation_redaction import redacted_message
from podium.store.codec import decode, encode
from podium.store.journaling.chain import payload_digest, whole_rows
from podium.store.journaling.transaction import EmptiedFact, Transaction
from podium.store.operations import Redact


def redact(transaction: Transaction, run: int, wanted: Redact) -> None:
    """Empty the facts of a run, what it said in conversations, and what else of it the store has.

    The facts were inserted before, by this transaction or an earlier one. The digest of one that was redacted before
    stays, since what it stood for is gone.
    """
    said = transaction.messages_of(wanted.run)
    if said:
        transaction.overwrite_messages(
            [row._replace(message=encode(redacted_message(decode(row.message)))) for row in said]
        )
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
