"""What one principal may see and change of an app."""

from dataclasses import dataclass

from podium.config import Config
from podium.engine.worker.worker import Worker
from podium.errors import NotAllowed, UsageError
from podium.facade.home import Home
from podium.facade.sight import Sight
from podium.facade.workflows import Workflows
from podium.model.clock import Clock
from podium.model.delegation import PRINCIPAL
from podium.model.ids import Ids
from podium.model.person import is_same
from podium.model.principal import NOBODY, OPERATOR, Principal
from podium.model.run import Run
from podium.model.storable import check_name
from podium.rule_stack import RuleStack
from podium.services.serving import ServingBoard
from podium.store.protocol import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an app is made of."""

    config: Config
    store: Store
    clock: Clock
    ids: Ids
    rules: RuleStack
    worker: Worker
    workflows: Workflows
    home: Home
    board: ServingBoard


class Scope(Sight):
    """All changes of a facade go through here: in the right event loop, and only where the principal's roles allow."""

    def __init__(self, parts: Parts, principal: Principal | None = None) -> None:
        """Give the parts of an app to a principal; to its operator, with all rights, if there is none."""
        if principal is not None and principal.who.startswith(PRINCIPAL):
            raise UsageError(f"who is {principal.who!r}: names that begin with {PRINCIPAL!r} are those of delegations.")
        if principal is not None and principal.who == NOBODY:
            raise UsageError(f"who is {NOBODY!r}, which stands for the app itself: call the user otherwise.")
        super().__init__(parts.store, principal, parts.home, parts.clock)
        self._parts = parts

    @property
    def parts(self) -> Parts:
        """What the app is made of; raises WrongLoop outside of its event loop."""
        self._parts.home.check()
        return self._parts

    def for_operators(self, what: str) -> Parts:
        """Return the parts of the app for what takes the role of an operator; raises NotAllowed for others."""
        user = self.principal
        if user is not None and not user.operates:
            raise NotAllowed(f"{user.who} may not {what}: it takes the role {OPERATOR!r}.")
        return self.parts

    def must_change(self, what: str) -> None:
        """Raise NotAllowed for a principal who only looks."""
        if self.principal is not None and self.principal.only_looks:
            raise NotAllowed(f"{self.principal.who} may not {what}: a viewer changes nothing.")

    async def own_run(self, run_id: str, what: str) -> Run:
        """Return a run that the principal may steer: an own one, or any of the tenant for an operator.

        Raises UnknownRun for what is not to be seen, and NotAllowed for what is to be seen and no more.
        """
        self.must_change(what)
        run, user = await self.run(run_id), self.principal
        if user is not None and not user.operates and run.principal != user.who:
            raise NotAllowed(f"{user.who} may not {what} of somebody else: it takes the role {OPERATOR!r}.")
        return run

    def name_of(self, by: str | None) -> str:
        """Return who is recorded as having done something: the principal, or whom the operator of the app names."""
        check_name("the name of whoever acts", by)
        user = self.principal
        if user is None:
            return NOBODY if by is None else by
        if by is not None and not is_same(by, user.who):
            raise NotAllowed(f"{user.who} may not act in the name of {by!r}: leave `by` out.")
        return user.who
