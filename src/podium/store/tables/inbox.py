"""What is said of questions, and who is away, in tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.entered import AWAY, absence_digest
from podium.model.person import folded
from podium.store.codec import decode
from podium.store.tables.ledger import enter
from podium.store.tables.statements import Row, Statements, Tables

if TYPE_CHECKING:
    from podium.model import inbox_book, people
else:
    inbox_book, people = lazy.module("podium.model.inbox_book"), lazy.module("podium.model.people")


class TableInbox:
    """The remarks and absences of a store. That somebody is away is noted in a transaction of its own, in a thread."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def remarks(self, question: str) -> "Sequence[inbox_book.Remark]":
        """Return what was said of a question, the oldest first."""
        return await self._tables.read(lambda s: [_remark(row) for row in s.all("remarks_of_question", question)])

    async def note_absence(self, absence: "inbox_book.Absence") -> None:
        """Note that somebody is away, or back, and enter it in the ledger."""
        name = folded(absence.person)
        row = absence.id, absence.tenant, absence.person, name, absence.until, absence.at, absence.by

        def work(statements: Statements) -> None:
            statements.do("absence_insert", *row)
            enter(statements, absence.id, absence_digest(*row), AWAY)

        await self._tables.write_in_thread(work)

    async def absences(self, tenant: str, at: float) -> "Sequence[inbox_book.Absence]":
        """Return who of a tenant is away at a time, those first who are back first."""
        return await self._tables.read(lambda s: [_absence(row) for row in s.all("absences_now", tenant, at)])

    async def now(self, tenant: str, at: float) -> "people.PeopleNow":
        """Return what decides beside hours who of a tenant can answer at a time."""
        return await self._tables.read(
            lambda s: people.PeopleNow(at=at, open=open_in(s, tenant), away=absences_in(s, tenant, at))
        )


def assigning(tenant: str) -> str:
    """Return what is locked by whoever gives questions of a tenant to people."""
    return f"questions of {tenant}".replace("\0", "\ufffd")


def open_in(statements: Statements, tenant: str) -> Mapping[str, int]:
    """Return how many open questions of a tenant were given to whom, by their names as they are compared."""
    return {row[0]: row[1] for row in statements.all("questions_given", tenant)}


def absences_in(statements: Statements, tenant: str, at: float) -> Mapping[str, float]:
    """Return who of a tenant is away at a time, by their names as they are compared, and until when."""
    return {row[6]: row[3] for row in statements.all("absences_now", tenant, at)}


def _remark(row: Row) -> "inbox_book.Remark":
    return inbox_book.Remark(
        id=row[0], question=row[1], by=row[2], at=row[3], text=decode(row[4]) or "", assignee=row[5]
    )


def _absence(row: Row) -> "inbox_book.Absence":
    return inbox_book.Absence(id=row[0], tenant=row[1], person=row[2], until=row[3], at=row[4], by=row[5])
