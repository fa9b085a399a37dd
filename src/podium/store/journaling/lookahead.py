"""What operations are going to ask of the store, so that it is asked in sets before they are carried out."""

from collections.abc import Sequence

from podium.model.budget_ids import run_of_share
from podium.store.conversation_changes import DeleteConversation, ForkConversation, RedactConversation
from podium.store.corrections import CorrectBudgets
from podium.store.inserting import NewRun
from podium.store.journaling.appending import may_quote
from podium.store.keeping import KeepEvents
from podium.store.operations import Effect, FinishRun, Operation, Reserve, Send, Settle, Spawn, Start, Tell, Write


class Lookahead:
    """What is named by operations."""

    __slots__ = ("addressed", "claims", "finishing", "quoting", "reservations", "starting")

    def __init__(self) -> None:
        self.claims: set[tuple[int, int]] = set()
        """Runs with the epochs in which the worker is to own them."""
        self.finishing: list[tuple[int, int]] = []
        self.quoting: set[tuple[int, int]] = set()
        """Those of these that record something large enough to quote."""
        self.starting: list[NewRun] = []
        self.addressed: set[str] = set()
        """Runs that are sent something, or of which events are kept."""
        self.reservations: set[str] = set()

    def see(self, operations: Sequence[Operation]) -> None:
        """Look at operations."""
        for operation in operations:
            match operation:
                case Write():
                    self.claims.add((operation.run, operation.epoch))
                    if may_quote(operation.facts):
                        self.quoting.add((operation.run, operation.epoch))
                    for effect in operation.effects:
                        self._effect(effect)
                    if isinstance(operation.close, FinishRun):
                        self.finishing.append((operation.run, operation.epoch))
                case (
                    Start(run=run)
                    | DeleteConversation(record=run)
                    | RedactConversation(record=run)
                    | ForkConversation(record=run)
                    | CorrectBudgets(record=run)
                ):
                    self.starting.append(run)
                case Send() | KeepEvents():
                    self.addressed.add(operation.run)
                case Reserve():
                    self.claims.add((operation.run, operation.epoch))
                    if run_of_share(operation.id) is not None:
                        self.reservations.add(operation.id)
                case _:
                    pass

    def _effect(self, effect: Effect) -> None:
        match effect:
            case Spawn():
                self.starting.append(effect.run)
            case Tell():
                self.addressed.add(effect.run)
            case Settle():
                self.reservations.add(effect.id)
            case _:
                pass


def is_worthwhile(operations: Sequence[Operation]) -> bool:
    """Whether more than one thing may be asked together; else each is asked for when it is needed."""
    if len(operations) != 1:
        return True
    only = operations[0]
    return isinstance(only, Write) and len(only.effects) > 1
