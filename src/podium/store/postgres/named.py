"""What operations name: it is locked together, before they are carried out."""

from collections.abc import Sequence

from podium.store.journaling.lookahead import Lookahead
from podium.store.operations import Draw, FinishRun, Operation, Reserve, Write


class Named:
    """Runs and budgets that operations are going to change."""

    __slots__ = ("budgets", "ending", "leaving", "told")

    def __init__(self, operations: Sequence[Operation]) -> None:
        ahead = Lookahead()
        ahead.see(operations)
        self.told = ahead.addressed
        """The ids of runs that are sent something, or of which events are kept."""
        self.leaving: list[int] = []
        """The numbers of runs that their worker lets go, or begins again."""
        self.ending: list[int] = []
        """Those of these that end: their parents are told."""
        self.budgets: set[str] = set()
        """Those of which something is set aside."""
        for operation in operations:
            if isinstance(operation, Write):
                self._see(operation)
            elif isinstance(operation, Reserve):
                self.budgets.update(line.id for line in operation.lines)

    @property
    def changes_runs(self) -> bool:
        """Whether the row of a run is changed, beyond those that are inserted."""
        return bool(self.told or self.leaving)

    def _see(self, write: Write) -> None:
        if write.close is not None:
            self.leaving.append(write.run)
            if isinstance(write.close, FinishRun):
                self.ending.append(write.run)
        for effect in write.effects:
            if isinstance(effect, Draw):
                self.budgets.update(line.id for line in effect.lines)
