"""Giving questions to one of those who are asked: what a transaction is asked for that, and what it keeps of it."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class RemarkRow(NamedTuple):
    """Something that is said of a question, or that it is given to somebody."""

    id: str
    question: str
    by: str
    at: float
    text: bytes
    assignee: str | None
    salt: bytes
    digest: bytes
    """Of salt and text: it stands for the text in the ledger."""


class AssigningTransaction(Protocol):
    """What a transaction is asked about who is to answer."""

    def open_questions(self, tenant: str) -> Mapping[str, int]:
        """Return how many open questions of a tenant were given to whom, by their names as they are compared.

        Nobody else gives one to anybody of the tenant until the transaction ends.
        """
        ...

    def away(self, tenant: str, at: float) -> Mapping[str, float]:
        """Return who of a tenant is away at a time, by their names as they are compared, and until when."""
        ...

    def assign_question(self, id: str, assignee: str, assignee_folded: str) -> None:
        """Give an open question to somebody."""
        ...

    def insert_remark(self, row: RemarkRow) -> bool:
        """Keep a remark on a question; False where there is one of this id."""
        ...
