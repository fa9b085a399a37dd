"""Turns in conversations: one at a time, first come, first served; whoever is next is told by a signal."""

from collections.abc import Collection, Sequence

from podium.errors import InvalidValue
from podium.model.conversation import TURN, foreign
from podium.model.json import Json
from podium.model.run import START, Signal
from podium.store.conversing import AppendTurn, ReleaseTurn, TurnEffect, WantTurn
from podium.store.journaling.conversations import ConversationRow, MessageRow, TurnRow
from podium.store.journaling.inbox import InboxWriter
from podium.store.journaling.journals import Journals
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import Transaction
from podium.store.journaling.turn_circles import closes_circle


class Turns:
    """Gives turns in conversations, and takes them back."""

    __slots__ = ("_inbox", "_journals", "_known", "_standings", "_transaction")

    def __init__(self, transaction: Transaction, standings: Standings, inbox: InboxWriter, journals: Journals) -> None:
        self._transaction = transaction
        self._journals = journals
        self._standings = standings
        self._inbox = inbox
        self._known: dict[str, list[TurnRow]] = {}
        """The turns of runs that end in this commit, as far as they were asked for ahead."""

    def load(self, ending: Collection[str]) -> None:
        """Learn of the turns of runs that are going to end."""
        self._known = {run: [] for run in ending}
        for row in self._transaction.turns_of(ending):
            self._known[row.run].append(row)

    def carry_out(self, number: int, run: str, effect: TurnEffect) -> None:
        """Do what a run says of a turn."""
        self._known.pop(run, None)
        match effect:
            case WantTurn():
                self.want(run, effect)
            case AppendTurn():
                self._append(number, run, effect)
            case ReleaseTurn(key=key, at=at):
                row = self._transaction.turn(run, key)
                if row is not None:
                    self._release([row], at)
                    self._inbox.drop(number, _signal_id(row))

    def want(self, run: str, wanted: WantTurn) -> None:
        """Give a run a turn, have it wait, or refuse it."""
        transaction = self._transaction
        if transaction.turn(run, wanted.key) is not None:
            return
        if wanted.within is not None:
            self._join(run, wanted, wanted.within)
            return
        found = transaction.conversation(wanted.tenant, wanted.name) or self._begin(wanted, wanted.name, None)
        first = transaction.first_turn(found.n)
        row = TurnRow(transaction.insert_turn(found.n, run, wanted.key, None), found.n, run, wanted.key, None)
        why = foreign(wanted.principal, found.principal, found.name)
        if why is None and first is not None and wanted.busy == "refuse":
            why = f"{_told(first)} has its turn in conversation {found.name!r}"
        elif (
            why is None
            and first is not None
            and wanted.busy == "wait"
            and closes_circle(transaction, self._standings, row)
        ):
            why = (
                f"in conversation {found.name!r} it would wait for {_told(first)}, and that for this one: use one "
                "conversation after the other, or hand over as input what is needed of it"
            )
        if first is not None and why is None and wanted.busy == "fork":
            transaction.delete_turns([row.n])
            name = f"{found.name}~{row.n}"
            while transaction.conversation(wanted.tenant, name) is not None:
                name += "~"
            found, first = self._begin(wanted, name, found), None
            row = row._replace(n=transaction.insert_turn(found.n, run, wanted.key, None), conversation=found.n)
        if why is not None:
            transaction.delete_turns([row.n])
            self._tell(row, {"refused": why}, wanted.at)
        elif first is None:
            self._tell(row, _given(found), wanted.at)

    def release_all(self, number: int, run: str, at: float) -> None:
        """Take back all turns of a run that has ended, and what told of them: a retry takes them anew."""
        rows = self._known.pop(run, None)
        if rows is None:
            rows = self._transaction.turns_of([run])
        if rows:
            self._release(rows, at)
            for row in rows:
                self._inbox.drop(number, _signal_id(row))

    def _begin(self, wanted: WantTurn, name: str, forked: ConversationRow | None) -> ConversationRow:
        tenant, principal = wanted.tenant, wanted.principal
        n = self._transaction.insert_conversation(tenant, principal, name, wanted.at, forked)
        copied = 0 if forked is None else forked.revision
        return ConversationRow(n, tenant, principal, name, copied, copied)

    def _join(self, run: str, wanted: WantTurn, within: str) -> None:
        """Have a turn be part of one that the run has."""
        around = self._transaction.turn(run, within)
        if around is None:
            raise InvalidValue(f"run {run} has no turn at {within!r} that the one at {wanted.key!r} could join")
        n = self._transaction.insert_turn(around.conversation, run, wanted.key, within)
        row = TurnRow(n, around.conversation, run, wanted.key, within)
        self._tell(row, _given(self._transaction.conversation_of(around.conversation)), wanted.at)

    def _append(self, number: int, run: str, said: AppendTurn) -> None:
        row = self._transaction.turn(run, said.key)
        if row is None:
            raise InvalidValue(f"run {run} has no turn at {said.key!r} in which it could say something")
        revision = self._transaction.conversation_of(row.conversation).revision
        rows = [
            MessageRow(
                row.conversation, place, each.author, run, number, said.key, said.at, each.message,
                self._journals.origin(number, each.message),
            )
            for place, each in enumerate(said.messages, revision)
        ]  # fmt: skip
        if rows:
            self._transaction.insert_messages(rows)

    def _release(self, rows: Sequence[TurnRow], at: float) -> None:
        """Take turns back, and give those to the next in line that somebody had."""
        self._transaction.delete_turns([row.n for row in rows])
        left: dict[int, int] = {}
        for row in rows:
            if row.within is None:
                left.setdefault(row.conversation, row.n)
        for conversation, n in left.items():
            following = self._transaction.first_turn(conversation)
            if following is not None and n < following.n:
                self._tell(following, _given(self._transaction.conversation_of(conversation)), at)

    def _tell(self, row: TurnRow, body: Json, at: float) -> None:
        self._inbox.send(row.run, Signal(_signal_id(row), TURN, row.key, body, at))


def _given(conversation: ConversationRow) -> Json:
    return {"conversation": conversation.name, "revision": conversation.revision, "n": conversation.n}


def _signal_id(row: TurnRow) -> str:
    return f"{TURN}:{row.key}:{row.n}"


def _told(row: TurnRow) -> str:
    return f"run {row.run}" if row.key == START else f"call {row.key} of run {row.run}"
