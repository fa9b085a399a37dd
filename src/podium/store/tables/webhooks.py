"""Webhooks and their deliveries in tables."""

from collections.abc import Sequence

from podium.model.webhooks import DeliveryState, Hold, Refusals, Signing, Webhook, WebhookDelivery
from podium.store.codec import decode, encode_names
from podium.store.protocol import Page, queries
from podium.store.tables.pages import given, page
from podium.store.tables.statements import Row, Statements, Tables, first

_AT_ONCE = 2_000
"""So many are deleted in one transaction: whoever writes waits for it."""


class TableWebhooks:
    """Reads where that is quick, writes in a thread."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def enter(self, webhook: Webhook) -> bool:
        """Keep a new webhook, unless one of its id is there."""
        row = (webhook.id, *_said(webhook), webhook.made_at, webhook.made_by, webhook.cursor)
        return await self._tables.write_in_thread(lambda s: s.changed("webhook_insert", *row)) == 1

    async def get(self, id: str) -> Webhook | None:
        """Return a webhook as it stands now."""
        row = first(await self._tables.quickly("webhook_get", id))
        return None if row is None else _webhook(row)

    async def all(self) -> Sequence[Webhook]:
        """Return all webhooks, the oldest first."""
        return [_webhook(row) for row in await self._tables.quickly("webhooks_all")]

    async def change(self, seen: Webhook, webhook: Webhook) -> bool:
        """Replace what people say of a webhook, where that is as it was seen."""
        name, url, _, scope, values, secret, *_, off = _said(seen)
        row = (*_said(webhook), webhook.id, name, url, scope, values, secret, off)
        return await self._tables.write_in_thread(lambda s: s.changed("webhook_change", *row)) == 1

    async def delete(self, id: str) -> bool:
        """Delete a webhook with its deliveries."""

        def work(statements: Statements) -> bool:
            gone = statements.changed("webhook_delete", id) == 1
            statements.do("webhook_deliveries_delete", id)
            return gone

        return await self._tables.write_in_thread(work)

    async def advance(self, id: str, seen: int, cursor: int, delivery: WebhookDelivery | None) -> bool:
        """Move the cursor of a webhook and keep a delivery."""

        def work(statements: Statements) -> bool:
            if statements.changed("webhook_advance", cursor, id, seen) != 1:
                return False
            if delivery is not None:
                statements.do("webhook_delivery_put", *_row(delivery))
            return True

        return await self._tables.write_in_thread(work)

    async def hold(self, id: str, hold: Hold) -> None:
        """Keep that a webhook waits."""
        row = (hold.since, hold.tries, hold.next_at, hold.why, id)
        await self._tables.write_in_thread(lambda s: s.do("webhook_hold", *row))

    async def note_refusals(self, id: str, refusals: Refusals | None) -> None:
        """Keep since when a receiver takes nothing, or that it took something."""
        row = (None, None, None) if refusals is None else (refusals.since, refusals.tries, refusals.why)
        await self._tables.write_in_thread(lambda s: s.do("webhook_refused", *row, id))

    async def switch_off(self, id: str, why: str) -> bool:
        """Keep why nothing more is delivered."""
        return await self._tables.write_in_thread(lambda s: s.changed("webhook_off", why, id)) == 1

    async def put(self, delivery: WebhookDelivery) -> None:
        """Keep a delivery, in the place of the one of its id."""
        await self._tables.write_in_thread(lambda s: s.do("webhook_delivery_put", *_row(delivery)))

    async def delivery(self, id: str) -> WebhookDelivery | None:
        """Return a delivery."""
        row = first(await self._tables.quickly("webhook_delivery_get", id))
        return None if row is None else _delivery(row)

    async def due(self, webhook: str) -> WebhookDelivery | None:
        """Return the delivery of a webhook that waits and is to be tried first."""
        row = first(await self._tables.quickly("webhook_delivery_due", webhook))
        return None if row is None else _delivery(row)

    async def soonest(self) -> dict[str, float]:
        """Return when the first delivery that waits is to be tried, by webhook."""
        return dict(await self._tables.quickly("webhook_deliveries_soonest"))

    async def deliveries(self, query: queries.DeliveryQuery) -> Page[WebhookDelivery]:
        """Return deliveries of a webhook, newest first."""
        wanted = given(query, "at", "id")
        rows = await self._tables.read(lambda s: s.listed("webhook_deliveries_list", wanted))
        return page(rows, query, _delivery, lambda row: (row[6], row[0]))

    async def expire(self, before: float) -> bool:
        """Look first whether the oldest is too old: mostly it is not, and the store need not be written."""
        row = first(await self._tables.quickly("webhook_deliveries_oldest"))
        if row is None or row[0] is None or row[0] >= before:
            return False

        def work(statements: Statements) -> int:
            return statements.changed("webhook_deliveries_expire", before, _AT_ONCE)

        return await self._tables.write_in_thread(work) == _AT_ONCE


def _said(webhook: Webhook) -> tuple[object, ...]:
    """Return what people say of a webhook, as columns."""
    scope = encode_names({"types": webhook.types, "workflows": webhook.workflows})
    signing = webhook.signing
    return (
        webhook.name, webhook.url, webhook.tenant, scope, int(webhook.values), signing.secret, signing.former,
        signing.former_until, webhook.off,
    )  # fmt: skip


def _webhook(row: Row) -> Webhook:
    known, name, url, tenant, scope, values, secret, former, until, off, made_at, made_by, cursor, *held = row
    said = decode(scope)
    since, tries, next_at, why, refused_since, refused_tries, refused_why = held
    refused = (refused_since, refused_tries, refused_why)
    return Webhook(
        id=known, name=name, url=url, tenant=tenant, types=tuple(said["types"]), workflows=tuple(said["workflows"]),
        values=bool(values), signing=Signing(secret=secret, former=former, former_until=until), off=off,
        made_at=made_at, made_by=made_by, cursor=cursor,
        hold=None if since is None else Hold(since=since, tries=tries, next_at=next_at, why=why),
        refusals=None if refused_since is None else Refusals(*refused),
    )  # fmt: skip


def _row(delivery: WebhookDelivery) -> tuple[object, ...]:
    return (
        delivery.id, delivery.webhook, delivery.position, delivery.type, delivery.content, delivery.state.value,
        delivery.at, delivery.tries, delivery.next_at, delivery.ended_at, delivery.status, delivery.why,
    )  # fmt: skip


def _delivery(row: Row) -> WebhookDelivery:
    known, webhook, position, kind, content, state, at, tries, next_at, ended_at, status, why = row
    return WebhookDelivery(
        id=known, webhook=webhook, position=position, type=kind, content=content, state=DeliveryState(state), at=at,
        tries=tries, next_at=next_at, ended_at=ended_at, status=status, why=why,
    )  # fmt: skip
