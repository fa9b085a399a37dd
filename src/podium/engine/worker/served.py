"""The workflows that a worker drives runs of."""

import asyncio
from dataclasses import replace

from podium.engine.fleet import Fleet
from podium.errors import StoreError
from podium.model.agent import Card
from podium.services.group_commit import GroupCommit
from podium.services.isolation import CommitAnswer
from podium.store.operations import Committed, Unblock
from podium.store.protocol import Serving


class ServedWorkflows:
    """Knows their versions, and has the runs tried again that are blocked for want of one."""

    def __init__(self, fleet: Fleet, commits: GroupCommit, poll: float) -> None:
        self._commits = commits
        self._poll = poll
        self._loop = asyncio.get_running_loop()
        self.serving = Serving(versions={}, queues=fleet.queues, limit=fleet.slots, affinity_wait=fleet.affinity_wait)
        """What the store is to look for."""
        self.ended = False
        """Whether the worker stops: then nothing is tried again."""

    @property
    def names(self) -> list[str]:
        """The workflows by name."""
        return list(self.serving.versions)

    def add(self, card: Card) -> bool:
        """Serve a version of a workflow; False where it is served already."""
        served = self.serving.versions
        versions = served.get(card.name, frozenset())
        if card.version in versions:
            return False
        self.serving = replace(self.serving, versions={**served, card.name: versions | {card.version}})
        self._unblock(card.name)
        return True

    def try_blocked_again(self) -> None:
        """Have the blocked runs of all workflows tried again."""
        for name in self.names:
            self._unblock(name)

    def _unblock(self, name: str) -> None:
        """Have blocked runs tried again; where the store cannot be written now, a little later."""

        def unblocked(answer: CommitAnswer, _: Committed) -> None:
            if isinstance(answer, StoreError):
                self._loop.call_later(self._poll, self._unblock, name)

        if not self.ended:
            self._commits.put(Unblock(name), unblocked)
