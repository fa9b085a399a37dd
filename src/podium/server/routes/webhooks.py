"""Webhooks: who is told what happens, and what was delivered."""

from typing import Annotated

from fastapi import Query, Response

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
from podium.server.again import IdempotencyKey
from podium.server.callers import OPERATES, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("webhooks")


@router.post("/webhooks", status_code=201, openapi_extra=rights(*OPERATES), responses=responses(409))
async def create_webhook(
    body: WebhookCreate, who: Who, response: Response, idempotency_key: IdempotencyKey = None
) -> WebhookSecretBody:
    """Have a program told what happens from now on. Its secret is answered only now."""
    made = await who.app.webhooks.create(**body.model_dump(), once=idempotency_key)
    response.headers["Location"] = f"/api/v1/webhooks/{made.webhook.id}"
    return WebhookSecretBody.signed(made)


@router.get("/webhooks", openapi_extra=rights(*OPERATES))
async def list_webhooks(who: Who, given: Annotated[PageGiven, Query()]) -> PageBody[WebhookBody]:
    """List all webhooks, the oldest first."""
    page = await who.app.webhooks.list(**given.filters())
    return PageBody(items=[WebhookBody.of(each) for each in page], cursor=page.cursor)


@router.get("/webhooks/{webhook}", openapi_extra=rights(*OPERATES), responses=responses(404))
async def show_webhook(webhook: str, who: Who) -> WebhookBody:
    """Show a webhook, and how it stands."""
    return WebhookBody.of(await who.app.webhooks.get(webhook))


@router.patch("/webhooks/{webhook}", openapi_extra=rights(*OPERATES), responses=responses(404))
async def change_webhook(webhook: str, body: WebhookChange, who: Who) -> WebhookBody:
    """Change what is told to whom, or switch it off and on; a receiver that was away is tried at once."""
    return WebhookBody.of(await who.app.webhooks.change(webhook, **body.model_dump()))


@router.delete("/webhooks/{webhook}", status_code=204, openapi_extra=rights(*OPERATES), responses=responses(404))
async def delete_webhook(webhook: str, who: Who) -> None:
    """Delete a webhook, with what is known of its deliveries."""
    await who.app.webhooks.delete(webhook)


@router.post("/webhooks/{webhook}/rotate", openapi_extra=rights(*OPERATES), responses=responses(404))
async def rotate_webhook(webhook: str, who: Who, body: WebhookRotate | None = None) -> WebhookSecretBody:
    """Give a webhook a new secret, which is answered only now; the old one signs too for a while."""
    given = body or WebhookRotate()
    return WebhookSecretBody.signed(await who.app.webhooks.rotate(webhook, secret=given.secret, grace=given.grace))


@router.post(
    "/webhooks/{webhook}/ping", status_code=202, openapi_extra=rights(*OPERATES), responses=responses(404, 409)
)
async def ping_webhook(webhook: str, who: Who) -> DeliveryBody:
    """Have something delivered that says nothing, to try the receiver."""
    return DeliveryBody.of(await who.app.webhooks.ping(webhook))


@router.get("/webhooks/{webhook}/deliveries", openapi_extra=rights(*OPERATES), responses=responses(404))
async def list_deliveries(webhook: str, who: Who, given: Annotated[DeliveriesGiven, Query()]) -> PageBody[DeliveryBody]:
    """List what was delivered, or is to be tried again, newest first."""
    page = await who.app.webhooks.deliveries(webhook, **given.filters())
    return PageBody(items=[DeliveryBody.of(each) for each in page], cursor=page.cursor)


@router.get("/webhooks/{webhook}/deliveries/{delivery}", openapi_extra=rights(*OPERATES), responses=responses(404))
async def show_delivery(webhook: str, delivery: str, who: Who) -> DeliveryBody:
    """Show what became of one delivery."""
    return DeliveryBody.of(await who.app.webhooks.delivery(webhook, delivery))


@router.post(
    "/webhooks/{webhook}/deliveries/{delivery}/redeliver", status_code=202, openapi_extra=rights(*OPERATES),
    responses=responses(404, 409),
)  # fmt: skip
async def redeliver(webhook: str, delivery: str, who: Who) -> DeliveryBody:
    """Have something delivered again at once, under the id that it had."""
    return DeliveryBody.of(await who.app.webhooks.redeliver(webhook, delivery))
