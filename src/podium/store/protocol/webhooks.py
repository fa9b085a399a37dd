"""The book of webhooks, and of what is delivered to them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from podium.model.webhooks import Hold, Refusals, Webhook, WebhookDelivery
from podium.store.protocol.page import Page
from podium.store.protocol.queries import DeliveryQuery


class WebhookBook(Protocol):
    """Where webhooks and their deliveries are kept. Every store brings one. All of it may raise StoreError."""

    async def enter(self, webhook: Webhook) -> bool:
        """Keep a new webhook; False where one of its id is there, which stays as it is."""
        ...

    async def get(self, id: str) -> Webhook | None:
        """Return a webhook as it stands now, whichever process changed it."""
        ...

    async def all(self) -> Sequence[Webhook]:
        """Return all webhooks, the oldest first."""
        ...

    async def change(self, seen: Webhook, webhook: Webhook) -> bool:
        """Replace what people say of a webhook: all but its cursor. Holds end, and refusals are counted anew.

        False, and nothing is changed, where what they say of it is not as it was seen, or there is none of its id.
        """
        ...

    async def delete(self, id: str) -> bool:
        """Delete a webhook with its deliveries; False where there is none of that id."""
        ...

    async def advance(self, id: str, seen: int, cursor: int, delivery: WebhookDelivery | None) -> bool:
        """Move the cursor of a webhook and keep a delivery, in one transaction, and end its hold.

        False, and nothing is changed, where its cursor is not as it was seen.
        """
        ...

    async def hold(self, id: str, hold: Hold) -> None:
        """Keep that a webhook waits."""
        ...

    async def note_refusals(self, id: str, refusals: Refusals | None) -> None:
        """Keep since when a receiver that is there takes nothing; None where it took something."""
        ...

    async def switch_off(self, id: str, why: str) -> bool:
        """Keep why nothing more is delivered; False where that is so already."""
        ...

    async def put(self, delivery: WebhookDelivery) -> None:
        """Keep a delivery, in the place of the one of its id; not of a webhook that is gone."""
        ...

    async def delivery(self, id: str) -> WebhookDelivery | None:
        """Return a delivery."""
        ...

    async def due(self, webhook: str) -> WebhookDelivery | None:
        """Return the delivery of a webhook that waits and is to be tried first."""
        ...

    async def soonest(self) -> Mapping[str, float]:
        """Return when the first delivery that waits is to be tried, by webhook."""
        ...

    async def deliveries(self, query: DeliveryQuery) -> Page[WebhookDelivery]:
        """Return deliveries of a webhook, newest first."""
        ...

    async def expire(self, before: float) -> bool:
        """Delete deliveries that ended before a time, at most some thousands; whether there may be more."""
        ...
