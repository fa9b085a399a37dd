"""What one principal may see of a store."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from podium import lazy
from podium.errors import InvalidValue, NotAllowed, UnknownQuestion, UnknownRun
from podium.facade.home import Home
from podium.model.clock import Clock, SystemClock
from podium.model.event_types import EventType
from podium.model.expected import TEXT
from podium.model.person import is_same
from podium.model.principal import ADMIN, Principal
from podium.model.question import Question
from podium.model.run import Run
from podium.reports.sifting import sifted
from podium.store.protocol import Page, Query, Store

if TYPE_CHECKING:
    from podium.model.events import SystemEvent
    from podium.store.protocol import queries
else:
    queries = lazy.module("podium.store.protocol.queries")

Q = TypeVar("Q", bound=Query)
T = TypeVar("T")


class Sight:
    """All reading of a facade goes through here: in the right event loop, and for what the principal may see."""

    def __init__(
        self, store: Store, principal: Principal | None = None, home: Home | None = None, clock: Clock | None = None
    ) -> None:
        """Look into a store: for everything if there is no principal, from any event loop if there is no home."""
        self.clock = clock or SystemClock()
        self._store = store
        self._home = home
        self.principal = principal

    @property
    def store(self) -> Store:
        """The store; raises WrongLoop outside of the app's event loop."""
        if self._home is not None:
            self._home.check()
        return self._store

    @property
    def confined(self) -> Principal | None:
        """The principal to whose tenant and rights all is confined; None for the app itself, and for an admin."""
        user = self.principal
        return None if user is None or user.administers else user

    @property
    def owner(self) -> str | None:
        """Whose alone is shown where nothing else is said; None where all of the tenant is, or of all tenants."""
        user = self.confined
        return None if user is None or user.sees_all else user.who

    def tenant(self, named: str | None) -> str:
        """Return in which tenant something is looked for: the own one, or for an admin and the app itself any."""
        user = self.principal
        if user is None:
            return named or "default"
        return named or user.tenant if user.administers else user.tenant

    async def page(self, read: Callable[[Q], Awaitable[Page[T]]], query: Q, *, of_run: str | None = None) -> Page[T]:
        """Return a page of a list, with no more than what the principal may see of it.

        Of a run that is named, which raises UnknownRun where the principal may not see it, all is shown.
        """
        _check_limit(query)
        if of_run is not None:
            await self.run(of_run)
        user = self.confined
        if user is None:
            return await read(query)
        if query.tenant not in (None, user.tenant):
            return Page(())
        if user.sees_all or of_run is not None:
            return await read(replace(query, tenant=user.tenant))
        if query.principal not in (None, user.who):
            return Page(())
        return await read(replace(query, tenant=user.tenant, principal=user.who))

    async def runs(self, query: "queries.RunQuery") -> Page[Run]:
        """Return a page of runs: of those that the principal may see."""
        user = self.confined
        if user is None or not user.sees_asking:
            return await self.page(self.store.runs, query)
        _check_limit(query)
        if query.tenant not in (None, user.tenant):
            return Page(())
        return await self.store.runs(replace(query, tenant=user.tenant, concerning=user.names))

    async def run(self, run_id: str) -> Run:
        """Return a run; raises UnknownRun where there is none, or none that the principal may see."""
        TEXT.check("the id of a run", run_id)
        run = await self.store.run(run_id)
        if run is None or not (self.sees(run.tenant, run.principal) or await self._asks(run)):
            raise UnknownRun(await self._unknown(run_id))
        return run

    async def _asks(self, run: Run) -> bool:
        """Whether a run asked the principal something, which lets an approver see it."""
        user = self.confined
        if user is None or not user.sees_asking or run.tenant != user.tenant:
            return False
        for name in user.names:
            if (await self.store.questions(queries.QuestionQuery(run=run.id, to=name, limit=1))).items:
                return True
        return False

    async def _unknown(self, run_id: str) -> str:
        gone = await self.store.pruning(run_id) if self.confined is None else None
        if gone is None:
            return f"no run is called {run_id!r}. `podium runs list` shows those there are."
        day = datetime.fromtimestamp(gone.at, tz=UTC).date()
        return f"run {run_id}, which was {gone.state}, was pruned by {gone.by} on {day}: {gone.why}"

    async def questions(self, query: "queries.QuestionQuery") -> Page[Question]:
        """Return a page of questions: of runs that the principal may see, and those put to the principal."""
        user = self.confined
        if user is None or user.sees_all:
            return await self.page(self.store.questions, query)
        _check_limit(query)
        if query.tenant not in (None, user.tenant):
            return Page(())

        async def seen(question: Question) -> Question | None:
            return question if self.sees_question(question) else None

        return await sifted(self.store.questions, replace(query, tenant=user.tenant), seen)

    async def question(self, question_id: str) -> Question:
        """Return a question; raises UnknownQuestion where there is none, or none that the principal may see."""
        TEXT.check("the id of a question", question_id)
        question = await self.store.question(question_id)
        if question is None or not self.sees_question(question):
            raise UnknownQuestion(f"no question is called {question_id!r}. `podium inbox list` shows those there are.")
        return question

    async def tenants_with(self, conversation: str) -> list[str]:
        """Return tenants, at most 100, that have a conversation of this name; none for a principal, who is of one."""
        if self.confined is not None:
            return []
        page = await self.store.conversations(queries.ConversationQuery(name=conversation))
        found = [each.tenant for each in page]
        return sorted(found)

    def sees_question(self, question: Question) -> bool:
        """Whether a question is of a run of the principal, or of any that it sees all of, or put to the principal."""
        return self.is_asked(question) or self.sees(question.tenant, question.principal)

    def is_asked(self, question: Question) -> bool:
        """Whether a question is put to the principal, or was given to them."""
        return self._asked(question.tenant, question.ask.to, question.assignee)

    def _asked(self, tenant: str, to: str, assignee: str | None) -> bool:
        user = self.confined
        if user is None or tenant != user.tenant:
            return False
        return (assignee is not None and is_same(assignee, user.who)) or user.is_asked(to)

    def sees_event(self, event: "SystemEvent") -> bool:
        """Whether an event is of a run of the principal, or of any that it sees all of, or asks the principal."""
        user = self.confined
        if user is None or event.type is EventType.GONE:
            return True
        if event.to is not None and self._asked(event.tenant, event.to, event.assignee):
            return True
        return self.sees(event.tenant, event.principal)

    def require_installation(self, what: str) -> None:
        """Raise NotAllowed for a principal who is no admin: what is told is about all tenants together."""
        if (user := self.confined) is not None:
            raise NotAllowed(
                f"{user.who} may not see {what}, which all tenants share: it takes the role {ADMIN!r}, or the app"
                " unscoped."
            )

    def sees(self, tenant: str, owner: str) -> bool:
        """Whether the principal may see what belongs to a tenant, and to one principal of it."""
        user = self.confined
        return user is None or (tenant == user.tenant and (user.sees_all or owner == user.who))


def _check_limit(query: Query) -> None:
    if query.limit < 1:
        raise InvalidValue(f"limit is {query.limit}; expected at least 1.")
