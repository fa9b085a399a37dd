"""`app.webhooks`: other programs that are told what happens. It takes the role of an operator."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from podium import lazy
from podium.errors import InvalidValue, NotAllowed, NotPossible, UnknownWebhook
from podium.facade.filters import EXPECTED
from podium.facade.paging import page_after
from podium.facade.scope import Scope
from podium.model.duration import PAUSE, Duration, in_seconds
from podium.model.expected import COUNT, FLAG, NAME, NAMES, TEXT, Expected, check_options, one_of, or_none
from podium.model.webhooks import DeliveryState, Webhook, WebhookDelivery
from podium.operations.webhooks.subscriptions import SignedWebhook, Subscriptions, unknown
from podium.store.protocol import DeliveryQuery, Page

if TYPE_CHECKING:
    from podium.operations.webhooks import deliverer, sending
else:
    deliverer = lazy.module("podium.operations.webhooks.deliverer")
    sending = lazy.module("podium.operations.webhooks.sending")

DAY = 86_400.0
_PAGED = {name: EXPECTED[name] for name in ("limit", "cursor")}
OFF = "somebody switched it off"
_CREATED: Mapping[str, Expected] = {
    "name": NAME, "url": TEXT, "tenant": or_none(NAME), "types": NAMES, "workflows": NAMES, "values": FLAG,
    "secret": or_none(TEXT),
}  # fmt: skip
_CHANGED: Mapping[str, Expected] = {
    "name": or_none(NAME), "url": or_none(TEXT), "types": or_none(NAMES), "workflows": or_none(NAMES),
    "values": or_none(FLAG), "active": or_none(FLAG),
}  # fmt: skip
_LISTED: Mapping[str, Expected] = {
    "state": or_none(one_of(tuple(DeliveryState))), "limit": COUNT, "cursor": or_none(TEXT)
}  # fmt: skip


class Webhooks:
    """Makes, lists, changes and deletes webhooks, and shows what was delivered. Who changes one is written down."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def create(  # noqa: PLR0913 - each is a word of the webhook, and the caller names it
        self, name: str, url: str, *, tenant: str | None = None, types: Sequence[str] = ("*",),
        workflows: Sequence[str] = ("*",), values: bool = False, secret: str | None = None, by: str | None = None,
        once: str | None = None,
    ) -> SignedWebhook:  # fmt: skip
        """Have a program at `url` told what happens from now on: events of these types, of these workflows.

        `types` and `workflows` are patterns: `run_*`. `tenant` is whose events; None is those of all tenants, or of the
        own one where that is all that the principal may see. With `values` it is told too what runs gave and questions
        ask. `secret` is a reference to a secret of your own, such as `env:HOOK_SECRET`; without one it is made of the
        `key` of `[podium.webhooks]`, and told only now. Under the same name `once` there is one webhook, however often
        it is sent. Raises InvalidValue for a url or patterns that are none, and NotAllowed where a principal of one
        tenant names a secret, which may be another's.
        """
        given = {"name": name, "url": url, "tenant": tenant, "types": types, "workflows": workflows, "values": values}
        check_options("webhooks.create", {**given, "secret": secret}, _CREATED)
        webhooks, who = self._ready("create webhooks"), self._scope.name_of(by)
        self._hold_secret(secret)
        if (user := self._scope.confined) is not None:
            if tenant not in (None, user.tenant):
                raise NotAllowed(f"{user.who} may not see the events of {tenant}: leave `tenant` out.")
            tenant = user.tenant
        made = await webhooks.create(
            self._scope.new_id("hook", once), secret=secret, by=who, name=name, url=url, tenant=tenant,
            types=tuple(types), workflows=tuple(workflows), values=values,
        )  # fmt: skip
        self._scope.must_be_the_same(once, f"a webhook to {made.webhook.url}", same=made.webhook.url == url)
        await self._scope.record("create webhooks", made.webhook.id, tenant=tenant, name=name)
        return made

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[Webhook]:
        """Return the webhooks that the principal may see, the oldest first. Nobody can tell their secrets."""
        check_options("webhooks.list", {"limit": limit, "cursor": cursor}, _PAGED)
        webhooks, user = self._ready("see webhooks"), self._scope.confined
        found = [each for each in await webhooks.store.webhooks.all() if user is None or each.tenant == user.tenant]
        return page_after(found, lambda each: (each.made_at, each.id), limit=limit, cursor=cursor)

    async def get(self, webhook: str) -> Webhook:
        """Return a webhook, and how it stands; raises UnknownWebhook."""
        TEXT.check("the id of the webhook", webhook)
        webhooks, user = self._ready("see webhooks"), self._scope.confined
        found = await webhooks.store.webhooks.get(webhook)
        if found is None or (user is not None and found.tenant != user.tenant):
            raise UnknownWebhook(unknown(webhook))
        return found

    async def change(
        self, webhook: str, *, name: str | None = None, url: str | None = None, types: Sequence[str] | None = None,
        workflows: Sequence[str] | None = None, values: bool | None = None, active: bool | None = None,
    ) -> Webhook:  # fmt: skip
        """Change what is told to whom; what is left out stays. Where the receiver was away, it is tried at once.

        One that is switched off keeps its place: switched on again, it is told what happened meanwhile, as far as
        events are still kept, and how many are not.
        """
        given: dict[str, Any] = {"name": name, "url": url, "types": types, "workflows": workflows, "values": values}
        check_options("webhooks.change", {**given, "active": active}, _CHANGED)
        webhooks, found = self._ready("change webhooks"), await self.get(webhook)
        said = {field: value for field, value in given.items() if value is not None}
        for field in ("types", "workflows"):
            if field in said:
                said[field] = tuple(said[field])
        if active is not None:
            said["off"] = None if active else found.off or OFF
        if not said:
            raise InvalidValue("nothing is changed: expected a name, url, types, workflows, values or active.")
        await self._scope.record("change webhooks", webhook, tenant=found.tenant, fields=sorted(said))
        return await webhooks.change(found, **said)

    async def rotate(self, webhook: str, *, secret: str | None = None, grace: Duration = DAY) -> SignedWebhook:
        """Give a webhook a new secret; for `grace` seconds deliveries are signed with the old one too."""
        check_options("webhooks.rotate", {"secret": secret}, {"secret": or_none(TEXT)})
        seconds = in_seconds(grace, "grace", PAUSE)
        self._hold_secret(secret)
        webhooks, found = self._ready("rotate webhooks"), await self.get(webhook)
        await self._scope.record("rotate webhooks", webhook, tenant=found.tenant, grace=seconds)
        return await webhooks.rotate(found, secret=secret, grace=seconds)

    async def delete(self, webhook: str) -> None:
        """Delete a webhook, and what is known of its deliveries."""
        webhooks, found = self._ready("delete webhooks"), await self.get(webhook)
        await self._scope.record("delete webhooks", webhook, tenant=found.tenant, name=found.name)
        await webhooks.store.webhooks.delete(webhook)

    async def ping(self, webhook: str) -> WebhookDelivery:
        """Have something delivered that says nothing, to try the receiver; `delivery` tells what came of it."""
        webhooks, found = self._ready("try webhooks"), await self.get(webhook)
        await self._scope.record("try webhooks", webhook, tenant=found.tenant)
        return await webhooks.ping(found)

    async def deliveries(
        self, webhook: str, *, state: DeliveryState | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[WebhookDelivery]:
        """Return what was delivered to a webhook, or is to be tried again, newest first."""
        check_options("webhooks.deliveries", {"state": state, "limit": limit, "cursor": cursor}, _LISTED)
        webhooks, found = self._ready("see webhooks"), await self.get(webhook)
        state = None if state is None else DeliveryState(state)
        query = DeliveryQuery(webhook=found.id, state=state, limit=limit, cursor=cursor)
        return await webhooks.store.webhooks.deliveries(query)

    async def delivery(self, webhook: str, delivery: str) -> WebhookDelivery:
        """Return one delivery; raises UnknownWebhook where there is none of that id."""
        TEXT.check("the id of the delivery", delivery)
        webhooks, found = self._ready("see webhooks"), await self.get(webhook)
        row = await webhooks.store.webhooks.delivery(delivery)
        if row is None or row.webhook != found.id:
            raise UnknownWebhook(
                f"webhook {webhook} has no delivery {delivery!r}: `podium webhooks deliveries` lists them."
            )
        return row

    async def redeliver(self, webhook: str, delivery: str) -> WebhookDelivery:
        """Have something delivered again at once, under the id that it had; raises NotPossible while it is tried."""
        webhooks, found = self._ready("redeliver webhooks"), await self.delivery(webhook, delivery)
        if found.state is DeliveryState.WAITING and found.tries == 0:
            raise NotPossible(f"delivery {delivery} is on its way already.")
        hook = await self.get(webhook)
        await self._scope.record("redeliver webhooks", delivery, tenant=hook.tenant)
        return await webhooks.redeliver(hook, found)

    @asynccontextmanager
    async def delivering(self) -> AsyncGenerator[None]:
        """Deliver while the block lasts: `podium serve` does, and any program may; of several one does at a time.

        Needs the extra `server`. Raises NotAllowed for a principal: it is done for all tenants.
        """
        self._scope.require_installation("the webhooks")
        parts = self._scope.parts
        config, worker = parts.config, parts.worker
        async with sending.Sender(config.webhooks, parts.clock) as sender:
            delivers = deliverer.Deliverer(
                parts.store, sender, parts.clock, config.webhooks, worker=lambda: worker.commits.worker,
                lease=config.lease, poll=config.poll, grace=config.grace,
            )  # fmt: skip
            async with delivers.delivering():
                yield

    def _hold_secret(self, secret: str | None) -> None:
        """Raise NotAllowed where a principal of one tenant names a secret of the machine."""
        if secret is not None and (user := self._scope.confined) is not None:
            raise NotAllowed(f"{user.who} may name no secret of this machine: leave `secret` out, and one is made.")

    def _ready(self, what: str) -> Subscriptions:
        parts = self._scope.for_operators(what)
        return Subscriptions(store=parts.store, settings=parts.config.webhooks, clock=parts.clock, ids=parts.ids)
