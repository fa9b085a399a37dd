"""Webhooks: who is told what happens, and what was delivered."""

from collections.abc import Sequence
from typing import TypeVar

from typing_extensions import Unpack

from podium.api.body import PageBody
from podium.api.lists import PageGiven
from podium.api.webhooks import (
    DeliveriesGiven,
    DeliveryBody,
    WebhookBody,
    WebhookChange,
    WebhookCreate,
    WebhookRotate,
    WebhookSecretBody,
)
from podium.client.api_call import ApiCall, delete, get, keyed, page, patch, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import DeliveriesQuery, PageQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)

_DAY = 86_400.0


class WebhooksClient(Resource[W]):
    """`client.webhooks`."""

    @endpoint
    def create(
        self,
        name: str,
        url: str,
        *,
        tenant: str | None = None,
        types: Sequence[str] = ("*",),
        workflows: Sequence[str] = ("*",),
        values: bool = False,
        secret: str | None = None,
        idempotency_key: str | None = None,
    ) -> ApiCall[WebhookSecretBody]:
        """Have the program at `url` told what happens from now on. Its `secret` is told only now: keep it.

        `types` and `workflows` are patterns: `run_*`. With `values` it is told too what runs gave, and what questions
        ask. `secret` is a reference to one that the server has, such as `env:HOOK_SECRET`; else one is made.
        """
        given = WebhookCreate(
            name=name, url=url, tenant=tenant, types=(*types,), workflows=(*workflows,), values=values, secret=secret
        )
        return keyed(post("/webhooks", WebhookSecretBody, given), idempotency_key)

    @endpoint
    def get(self, webhook: str) -> ApiCall[WebhookBody]:
        """Return a webhook, and how it stands."""
        return get("/webhooks/{webhook}", WebhookBody, webhook=webhook)

    @endpoint
    def change(
        self,
        webhook: str,
        *,
        name: str | None = None,
        url: str | None = None,
        types: Sequence[str] | None = None,
        workflows: Sequence[str] | None = None,
        values: bool | None = None,
        active: bool | None = None,
    ) -> ApiCall[WebhookBody]:
        """Change what is told to whom, or switch it off and on; what is left out stays. Off, it keeps its place."""
        given = WebhookChange(
            name=name, url=url, types=None if types is None else (*types,), values=values, active=active,
            workflows=None if workflows is None else (*workflows,),
        )  # fmt: skip
        return patch("/webhooks/{webhook}", WebhookBody, given, webhook=webhook)

    @endpoint
    def delete(self, webhook: str) -> ApiCall[None]:
        """Delete a webhook, with what is known of its deliveries."""
        return delete("/webhooks/{webhook}", webhook=webhook)

    @endpoint
    def rotate(self, webhook: str, *, secret: str | None = None, grace: float = _DAY) -> ApiCall[WebhookSecretBody]:
        """Give a webhook another secret, told only now; the old one signs too for so many seconds."""
        given = WebhookRotate(secret=secret, grace=grace)
        return post("/webhooks/{webhook}/rotate", WebhookSecretBody, given, webhook=webhook)

    @endpoint
    def ping(self, webhook: str) -> ApiCall[DeliveryBody]:
        """Have something delivered that says nothing, to try the receiver."""
        return post("/webhooks/{webhook}/ping", DeliveryBody, webhook=webhook)

    @listed
    def deliveries(self, webhook: str, **filters: Unpack[DeliveriesQuery]) -> ApiCall[PageBody[DeliveryBody]]:
        """List what was delivered, or is to be tried again, newest first."""
        return page("/webhooks/{webhook}/deliveries", PageBody[DeliveryBody], DeliveriesGiven, filters, webhook=webhook)

    @endpoint
    def delivery(self, webhook: str, delivery: str) -> ApiCall[DeliveryBody]:
        """Return what became of one delivery."""
        place = "/webhooks/{webhook}/deliveries/{delivery}"
        return get(place, DeliveryBody, webhook=webhook, delivery=delivery)

    @endpoint
    def redeliver(self, webhook: str, delivery: str) -> ApiCall[DeliveryBody]:
        """Have something delivered again at once, under the id that it had."""
        place = "/webhooks/{webhook}/deliveries/{delivery}/redeliver"
        return post(place, DeliveryBody, again=True, webhook=webhook, delivery=delivery)

    @listed
    def list(self, **filters: Unpack[PageQuery]) -> ApiCall[PageBody[WebhookBody]]:
        """List all webhooks, the oldest first."""
        return page("/webhooks", PageBody[WebhookBody], PageGiven, filters)
