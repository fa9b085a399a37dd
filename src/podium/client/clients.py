"""The two clients: one blocks, the other awaits."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from podium import lazy
from podium.api.events import SystemEventBody
from podium.client.api_call import ApiCall, get
from podium.client.endpoint import Resource, endpoint, streamed
from podium.client.following import EventCall, stream_of
from podium.client.ways import PREFIX, Awaiting, Blocking, ServerAddress
from podium.errors import UsageError

if TYPE_CHECKING:
    from podium.api import access
    from podium.client.resources import (
        agents,
        audit,
        conversations,
        dead_letters,
        delegations,
        inbox,
        incidents,
        keys,
        money,
        policies,
        runs,
        store,
        webhooks,
        workers,
    )
else:
    access = lazy.module("podium.api.access")
    agents = lazy.module("podium.client.resources.agents")
    audit = lazy.module("podium.client.resources.audit")
    conversations = lazy.module("podium.client.resources.conversations")
    dead_letters = lazy.module("podium.client.resources.dead_letters")
    delegations = lazy.module("podium.client.resources.delegations")
    inbox = lazy.module("podium.client.resources.inbox")
    incidents = lazy.module("podium.client.resources.incidents")
    keys = lazy.module("podium.client.resources.keys")
    money = lazy.module("podium.client.resources.money")
    policies = lazy.module("podium.client.resources.policies")
    runs = lazy.module("podium.client.resources.runs")
    store = lazy.module("podium.client.resources.store")
    webhooks = lazy.module("podium.client.resources.webhooks")
    workers = lazy.module("podium.client.resources.workers")

W = TypeVar("W", Blocking, Awaiting)

_TIMEOUT = 30.0
_RETRIES = 6


class _Everything(Resource[W]):
    """What a server has, by kind; what is said of one is loaded when it is first asked for."""

    @endpoint
    def me(self) -> "ApiCall[access.MeBody]":
        """Say as whom the server knows you: name, tenant, roles, and the workflows that you may start."""
        return get("/me", access.MeBody)

    @streamed
    def events(
        self,
        *,
        after: int | None = None,
        type: str | Sequence[str] = (),
        workflow: str | None = None,
        run: str | None = None,
    ) -> EventCall[SystemEventBody]:
        """Give what is noteworthy about the runs and questions that you may see, as it happens, for ever.

        Those after a position, or with None those to come; 0 is the beginning. `type`, `workflow` and `run` leave out
        all others. It goes on by itself after a broken connection or a restart of the server: no event is missing, and
        none comes twice. Where some are not kept any more an event of the type `gone` says so.
        """
        types = [type] if isinstance(type, str) else [*type]
        asked = {"after": after, "type": types or None, "workflow": workflow, "run": run}
        return stream_of(get("/events", SystemEventBody, asked))

    @cached_property
    def agents(self) -> "agents.AgentsClient[W]":
        """Agents: what there is, how it goes, and how it is."""
        return agents.AgentsClient(self.way)

    @cached_property
    def budgets(self) -> "money.BudgetsClient[W]":
        """Budgets: what may be spent, and what is in doubt."""
        return money.BudgetsClient(self.way)

    @cached_property
    def costs(self) -> "money.CostsClient[W]":
        """What was spent."""
        return money.CostsClient(self.way)

    @cached_property
    def dead_letters(self) -> "dead_letters.DeadLettersClient[W]":
        """Dead letters: runs that failed or were quarantined."""
        return dead_letters.DeadLettersClient(self.way)

    @cached_property
    def incidents(self) -> "incidents.IncidentsClient[W]":
        """Incidents: what the monitor saw go wrong, and what it did."""
        return incidents.IncidentsClient(self.way)

    @cached_property
    def workers(self) -> "workers.WorkersClient[W]":
        """Workers and queues: who drives runs, and what waits."""
        return workers.WorkersClient(self.way)

    @cached_property
    def workflows(self) -> "agents.WorkflowsClient[W]":
        """Workflows: what can be started."""
        return agents.WorkflowsClient(self.way)

    @cached_property
    def inbox(self) -> "inbox.InboxClient[W]":
        """The inbox: what waits for people, answering it, and who is to answer."""
        return inbox.InboxClient(self.way)

    @cached_property
    def runs(self) -> "runs.RunsClient[W]":
        """Runs: starting, looking at, and changing them."""
        return runs.RunsClient(self.way)

    @cached_property
    def audit(self) -> "audit.AuditClient[W]":
        """The audit: who did what, who asked for which change, and whether all is as it was written."""
        return audit.AuditClient(self.way)

    @cached_property
    def conversations(self) -> "conversations.ConversationsClient[W]":
        """Conversations: looking at what was said, and changing them."""
        return conversations.ConversationsClient(self.way)

    @cached_property
    def delegations(self) -> "delegations.DelegationsClient[W]":
        """Delegations: who outside may act for whom."""
        return delegations.DelegationsClient(self.way)

    @cached_property
    def keys(self) -> "keys.KeysClient[W]":
        """Keys with which programs sign in."""
        return keys.KeysClient(self.way)

    @cached_property
    def policies(self) -> "policies.PoliciesClient[W]":
        """Policies: who may do what, and what the rules would decide."""
        return policies.PoliciesClient(self.way)

    @cached_property
    def store(self) -> "store.StoreClient[W]":
        """The store as a whole: how large it is, and what is deleted of it."""
        return store.StoreClient(self.way)

    @cached_property
    def webhooks(self) -> "webhooks.WebhooksClient[W]":
        """Webhooks: who is told what happens, and what was delivered."""
        return webhooks.WebhooksClient(self.way)


class Client(_Everything[Blocking]):
    """A client of a Podium server, for programs that block; threads may share it.

    `with Client("https://podium.example.com", token="…") as client: client.runs.start("article", "tea")`.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: float = _TIMEOUT, retries: int = _RETRIES,
        http: httpx.Client | None = None,
    ) -> None:  # fmt: skip
        """Make a client of the server at `url`, which is asked on behalf of whoever has the `token`.

        `timeout` are the seconds that a connection, and then an answer, may take. What failed is sent again up to
        `retries` times, with growing pauses, where it then does no more than once. `http` is your own client of httpx,
        for proxies, certificates and sockets; it stays yours to close.
        """
        address = _address(url, token, timeout, retries)
        used = httpx.Client() if http is None else http
        self._own = used if http is None else None
        super().__init__(Blocking(used, address))

    def close(self) -> None:
        """Close the connections."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Everything[Awaiting]):
    """A client of a Podium server, for programs that await: the same methods as those of `Client`.

    `async with AsyncClient("https://podium.example.com", token="…") as client: await client.runs.start("article")`.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: float = _TIMEOUT, retries: int = _RETRIES,
        http: httpx.AsyncClient | None = None,
    ) -> None:  # fmt: skip
        """Make a client of the server at `url`; see `Client`."""
        address = _address(url, token, timeout, retries)
        used = httpx.AsyncClient() if http is None else http
        self._own = used if http is None else None
        super().__init__(Awaiting(used, address))

    async def close(self) -> None:
        """Close the connections."""
        if self._own is not None:
            await self._own.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _address(url: str, token: str | None, timeout: float, retries: int) -> ServerAddress:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise UsageError(
            f"url: expected the address of a server, such as http://127.0.0.1:8400, got {url!r}"
        ) from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
        raise UsageError(f"url: expected the address of a server, such as http://127.0.0.1:8400, got {url!r}")
    if token is not None and not (token and token.isascii() and token.isprintable() and token == token.strip()):
        raise UsageError("token: expected a token as the server gave it, without spaces around it.")
    if retries < 0 or timeout <= 0:
        raise UsageError(f"retries are from 0 on, and the timeout is above 0; got {retries} and {timeout}")
    return ServerAddress(url.rstrip("/").removesuffix(PREFIX).rstrip("/"), token, timeout, retries)
