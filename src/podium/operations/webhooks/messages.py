"""What is told of an event."""

from datetime import UTC, datetime

from podium.engine.worker.waiters import ended_as, last_of
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.json import Json, decode, encode
from podium.model.run import RunState
from podium.model.webhooks import DeliveryState, Webhook, WebhookDelivery
from podium.store.protocol import Store


def delivery_of(webhook: Webhook, event: SystemEvent) -> WebhookDelivery:
    """Return the delivery of an event to a webhook; its id is the same whoever makes it."""
    data = event.json()
    for said in ("type", "at"):
        data.pop(said)
    return WebhookDelivery(
        id=f"{webhook.id}-{event.position}", webhook=webhook.id, position=event.position, type=event.type.value,
        content=encode({"at": event.at, "data": data}), state=DeliveryState.WAITING, at=event.at,
    )  # fmt: skip


def lost(webhook: Webhook, after: int, before: int, at: float) -> WebhookDelivery:
    """Return the delivery that says that the events between two positions are kept no more."""
    return WebhookDelivery(
        id=f"{webhook.id}-{before - 1}", webhook=webhook.id, position=before - 1, type=EventType.GONE.value,
        content=encode({"at": at, "data": {"position": before - 1, "lost": before - 1 - after}}),
        state=DeliveryState.WAITING, at=at,
    )  # fmt: skip


async def body_of(store: Store, webhook: Webhook, delivery: WebhookDelivery) -> bytes:
    """Return what is sent: `type`, `timestamp`, `data`; with the values that the webhook asks for, as they are now."""
    said = decode(delivery.content)
    data: dict[str, Json] = said["data"]
    if webhook.values:
        data |= await _values(store, delivery.type, data)
    at = datetime.fromtimestamp(said["at"], tz=UTC).isoformat(timespec="milliseconds")
    return encode({"type": delivery.type, "timestamp": at, "data": data})


async def _values(store: Store, kind: str, data: dict[str, Json]) -> dict[str, Json]:
    """Return what a run gave, or a question asks; nothing of what was redacted, or is gone."""
    if kind == EventType.RUN_ENDED:
        run = await store.run(data["run"])
        if run is None or run.state is not RunState.DONE:
            return {"value": None, "error": None if run is None else run.reason or None}
        return {"value": ended_as(run, await last_of(store, run))["value"], "error": None}
    if data.get("question") is not None:
        question = await store.question(data["question"])
        return {"text": None if question is None else question.ask.text}
    return {}
