"""Runs that are a worker's in the store, and are in memory nowhere."""

from collections.abc import Callable, Container

from podium.errors import StoreError
from podium.services.group_commit import GroupCommit
from podium.services.isolation import CommitAnswer
from podium.store.operations import HandBack


class Orphans(set[int]):
    """The numbers of runs that were let go because the store could not be written, or as the worker drains."""

    def hand_back(self, driven: Container[int], commits: GroupCommit, found: Callable[[], None]) -> None:
        """Have them driven again, here or by others, once the store can be written."""

        def handed_back(answer: CommitAnswer, number: int) -> None:
            if not isinstance(answer, StoreError):
                self.discard(number)
                found()

        self.difference_update([number for number in self if number in driven])
        for number in self:
            commits.put(HandBack(number), lambda answer, _, number=number: handed_back(answer, number))
