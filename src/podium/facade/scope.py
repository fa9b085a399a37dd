"""What one principal may see and change of an app."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from podium import lazy
from podium.config import Config
from podium.dispatch.rules.delegation.delegations import Delegations
from podium.engine.worker.worker import Worker
from podium.errors import NotAllowed, NotPossible, UsageError
from podium.facade.home import Home
from podium.facade.sight import Sight
from podium.facade.workflows import Workflows
from podium.in_threads import in_thread
from podium.model.clock import Clock
from podium.model.delegation import PRINCIPAL
from podium.model.expected import NAME, or_none
from podium.model.ids import Ids
from podium.model.json import Json
from podium.model.person import is_same
from podium.model.principal import NOBODY, OPERATOR, Principal
from podium.model.run import Run
from podium.model.storable import check_name
from podium.rule_stack import RuleStack
from podium.services.serving import ServingBoard
from podium.store.protocol import Store

if TYPE_CHECKING:
    from podium.model import action
    from podium.operations.browser_sessions import BrowserSessions
    from podium.operations.links import Links
    from podium.services.event_reader import EventReader
else:
    action = lazy.module("podium.model.action")


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
    links: "Callable[[], Links]"
    """One-time links, loaded where one is asked for."""
    sessions: "Callable[[], BrowserSessions]"
    """Browsers that are signed in, loaded where one is asked for."""
    events: "EventReader"
    delegations: Delegations
    address: str | None
    """Of the store; None where it was handed in open."""


class Scope(Sight):
    """All changes of a facade go through here: in the right event loop, and only where the principal's roles allow."""

    def __init__(self, parts: Parts, principal: Principal | None = None) -> None:
        """Give the parts of an app to a principal; to its operator, with all rights, if there is none."""
        if principal is not None:
            self.check_user(principal)
        super().__init__(parts.store, principal, parts.home, parts.clock)
        self._parts = parts

    @staticmethod
    def check_user(principal: Principal) -> None:
        """Raise UsageError for a principal with a name that stands for somebody else."""
        if principal.who.startswith(PRINCIPAL):
            raise UsageError(f"who is {principal.who!r}: names that begin with {PRINCIPAL!r} are those of delegations.")
        if principal.who == NOBODY:
            raise UsageError(f"who is {NOBODY!r}, which stands for the app itself: call the user otherwise.")

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
        """Raise NotAllowed for a principal who only looks, or only answers."""
        self.must_answer(what)
        if self.principal is not None and not self.principal.starts:
            raise NotAllowed(
                f"{self.principal.who} may not {what}: an approver answers questions, and changes nothing else."
            )

    def must_answer(self, what: str) -> None:
        """Raise NotAllowed for a principal who only looks."""
        if self.principal is not None and self.principal.only_looks:
            raise NotAllowed(f"{self.principal.who} may not {what}: a viewer changes nothing.")

    def must_reach(self, workflow: str, what: str) -> None:
        """Raise NotAllowed for a principal who may start and change runs of other workflows alone."""
        if self.principal is not None and not self.principal.reaches(workflow):
            may = ", ".join(self.principal.workflows)
            raise NotAllowed(f"{self.principal.who} may not {what} of {workflow}: it may of {may}.")

    def must_reach_all(self, what: str) -> None:
        """Raise NotAllowed for a principal who may change runs of some workflows alone: it is about many at once."""
        if self.principal is not None and not self.principal.reaches_all:
            may = ", ".join(self.principal.workflows)
            raise NotAllowed(f"{self.principal.who} may not {what}, of whatever workflow: it may of {may}.")

    async def record(self, what: str, about: str = "", *, tenant: str | None = None, **said: Json) -> None:
        """Write down, before it is done, that the principal asks for a change; of the app itself nothing is.

        `tenant` is that of what it is asked of, and the principal's own where it is of none.
        """
        user = self.principal
        if user is not None:
            await self.write_down(what, about, said, by=user.who, tenant=tenant or user.tenant)

    async def write_down(
        self, what: str, about: str, said: Mapping[str, Json], *, by: str, tenant: str, id: str | None = None
    ) -> "tuple[action.UserAction, bool]":
        """Write down, and enter in the ledger, that somebody asks for a change.

        Returns it, and whether it is new: where there is one of its `id`, nothing is written.
        """
        done = action.UserAction(
            id=id or self.parts.ids.new("act"), at=self.parts.clock.now(), by=by, tenant=tenant, what=what, about=about,
            said={name: value for name, value in said.items() if value is not None},
        )  # fmt: skip
        return done, await in_thread(self.parts.store.action_book.enter, done)

    def new_id(self, prefix: str, once: str | None, *where: str) -> str:
        """Return the id of something that is added; under the same name `once`, of whoever asks, the same again.

        `where` says what it is added to, and how: the same name means something else elsewhere.
        """
        or_none(NAME).check("once, the name of what is asked for once,", once)
        if once is None:
            return self.parts.ids.new(prefix)
        user = self.principal
        asker = (NOBODY, "") if user is None else (user.who, user.tenant)
        return f"{prefix}_{sha256(json.dumps([prefix, *asker, *where, once]).encode()).hexdigest()[:32]}"

    @staticmethod
    def must_be_the_same(once: str | None, what: str, *, same: bool) -> None:
        """Raise NotPossible where a name was used before, and something else was asked for then."""
        if not same:
            raise NotPossible(f"{once!r} was used before, for {what}: use another name for what is asked for now.")

    async def own_run(self, run_id: str, what: str) -> Run:
        """Return a run that the principal may steer: an own one, or any of the tenant for an operator.

        Raises UnknownRun for what is not to be seen, and NotAllowed for what is to be seen and no more.
        """
        self.must_change(what)
        run, user = await self.run(run_id), self.principal
        if user is not None and not user.operates and run.principal != user.who:
            raise NotAllowed(f"{user.who} may not {what} of somebody else: it takes the role {OPERATOR!r}.")
        self.must_reach(run.workflow, what)
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
