"""What becomes of a request that is sent again, where nobody knows what became of the first one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1, max_length=200,
        description="The same key again, from whoever sent it, finds what it brought, and does no more.",
    ),
]  # fmt: skip


class Again(StrEnum):
    """What a request that changes something does where it was carried out before."""

    SAME = "same"
    KEY = "key"
    ID = "id"
    REFUSED = "refused"
    ANOTHER = "another"


SENT_AGAIN: Mapping[Again, str] = {
    Again.SAME: "Sent again, it changes nothing more.",
    Again.KEY: "Sent again with the same `Idempotency-Key`, it changes nothing more.",
    Again.ID: "Sent again with the same `id`, it changes nothing more.",
    Again.REFUSED: "Sent again, it is refused, and changes nothing more.",
    Again.ANOTHER: "Sent again, it may be done another time.",
}
"""As the document tells it."""
AGAIN: Mapping[str, Again] = {
    "answer_question": Again.SAME,
    "cancel_run": Again.SAME,
    "change_webhook": Again.SAME,
    "comment_on_question": Again.KEY,
    "compact_store": Again.SAME,
    "correct_budgets": Again.KEY,
    "create_key": Again.ANOTHER,
    "create_webhook": Again.KEY,
    "delete_conversation": Again.REFUSED,
    "delete_webhook": Again.REFUSED,
    "discard_dead_letter": Again.REFUSED,
    "drain_worker": Again.SAME,
    "end_sessions": Again.SAME,
    "explain_policy": Again.SAME,
    "fork_conversation": Again.REFUSED,
    "fork_run": Again.KEY,
    "grant_delegation": Again.ANOTHER,
    "link_question": Again.ANOTHER,
    "person_away": Again.SAME,
    "ping_webhook": Again.ANOTHER,
    "prune_store": Again.SAME,
    "raise_budget": Again.KEY,
    "rate_run": Again.KEY,
    "reassign_question": Again.KEY,
    "redact_conversation": Again.SAME,
    "redact_run": Again.SAME,
    "redeliver": Again.SAME,
    "repin_run": Again.ANOTHER,
    "requeue_dead_letters": Again.ANOTHER,
    "retain_store": Again.SAME,
    "retry_run": Again.ANOTHER,
    "revoke_delegation": Again.REFUSED,
    "revoke_key": Again.REFUSED,
    "rotate_key": Again.ANOTHER,
    "rotate_webhook": Again.ANOTHER,
    "signal_run": Again.ID,
    "start_delegated_run": Again.ANOTHER,
    "start_run": Again.KEY,
    "verify_store": Again.SAME,
}
"""By the name of the route."""
