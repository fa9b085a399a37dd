"""What one principal may see of a store."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from podium import lazy
from podium.errors import InvalidValue, NotAllowed, UnknownQuestion, UnknownRun
from podium.facade.home import Home
from podium.model.clock import Clock, SystemClock
from podium.model.expected import TEXT
from podium.model.person import is_same
from podium.model.principal import Principal
from podium.model.question import Question
from podium.model.run import Run
from podium.reports.sifting import sifted
from podium.store.protocol import Page, Query, Store

if TYPE_CHECKING:
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

    async def page(self, read: Callable[[Q], Awaitable[Page[T]]], query: Q) -> Page[T]:
        """Return a page of a list, with no more than what the principal may see of it."""
        _check_limit(query)
        user = self.principal
        if user is None:
            return await read(query)
        if query.tenant not in (None, user.tenant):
            return Page(())
        if user.sees_all:
            return await read(replace(query, tenant=user.tenant))
        if query.principal not in (None, user.who):
            return Page(())
        return await read(replace(query, tenant=user.tenant, principal=user.who))

    async def run(self, run_id: str) -> Run:
        """Return a run; raises UnknownRun where there is none, or none that the principal may see."""
        TEXT.check("the id of a run", run_id)
        run = await self.store.run(run_id)
        if run is None or not self.sees(run.tenant, run.principal):
            raise UnknownRun(await self._unknown(run_id))
        return run

    async def _unknown(self, run_id: str) -> str:
        gone = await self.store.pruning(run_id) if self.principal is None else None
        if gone is None:
            return f"no run is called {run_id!r}. `podium runs list` shows those there are."
        day = datetime.fromtimestamp(gone.at, tz=UTC).date()
        return f"run {run_id}, which was {gone.state}, was pruned by {gone.by} on {day}: {gone.why}"

    async def questions(self, query: "queries.QuestionQuery") -> Page[Question]:
        """Return a page of questions: of runs that the principal may see, and those put to the principal."""
        user = self.principal
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
        if self.principal is not None:
            return []
        page = await self.store.conversations(queries.ConversationQuery(name=conversation))
        found = [each.tenant for each in page]
        return sorted(found)

    def sees_question(self, question: Question) -> bool:
        """Whether a question is of a run that the principal may see, or put to the principal."""
        return self.is_asked(question) or self.sees(question.tenant, question.principal)

    def is_asked(self, question: Question) -> bool:
        """Whether a question is put to the principal, or was given to them."""
        user = self.principal
        if user is None or question.tenant != user.tenant:
            return False
        given = question.assignee is not None and is_same(question.assignee, user.who)
        return given or user.is_asked(question.ask.to)

    def require_installation(self, what: str) -> None:
        """Raise NotAllowed for a principal: what is told is about all tenants together."""
        if self.principal is not None:
            raise NotAllowed(f"{self.principal.who} may not see {what}, which all tenants share: use the app unscoped.")

    def sees(self, tenant: str, owner: str) -> bool:
        """Whether the principal may see what belongs to a tenant, and to one principal of it."""
        user = self.principal
        return user is None or (tenant == user.tenant and (user.sees_all or owner == user.who))


def _check_limit(query: Query) -> None:
    if query.limit < 1:
        raise InvalidValue(f"limit is {query.limit}; expected at least 1.")
