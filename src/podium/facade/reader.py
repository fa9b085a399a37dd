"""The reading half of an app, from a store alone: nothing is registered, and no run is driven."""

from collections.abc import Sequence
from typing import Protocol

from podium.facade.questions import Questions
from podium.facade.reports import Reports
from podium.facade.runs import Runs
from podium.facade.sight import Sight
from podium.model.audit import Audit, Seal, SealChecker
from podium.model.principal import Principal
from podium.reports.audit import audit
from podium.store.protocol import Store


class Reader:
    """Looks at what a store has, for one principal or for everybody."""

    def __init__(self, store: Store, principal: Principal | None = None) -> None:
        self._store = store
        self._sight = Sight(store, principal)
        self.runs = Runs(self._sight)
        self.inbox = Questions(self._sight)
        self.reports = Reports(self._sight)

    async def audit(self, *, checker: SealChecker | None = None, anchor: Sequence[Seal] | None = None) -> Audit:
        """Check everything, as it is at one moment; nobody else reads through this store meanwhile."""
        self._sight.require_installation("the audit of the store")
        return await audit(self._store, checker=checker, anchor=anchor)


class View(Protocol):
    """What can be asked of an app and of a store alone."""

    @property
    def runs(self) -> Runs:
        """The runs that there are."""
        ...

    @property
    def inbox(self) -> Questions:
        """What waits for people."""
        ...

    @property
    def reports(self) -> Reports:
        """What was spent, what failed, how agents are."""
        ...
