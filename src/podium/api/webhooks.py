"""Webhooks, and what was delivered to them."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, moment, moment_or_none
from podium.api.lists import PageGiven
from podium.model.event_types import EventType
from podium.model.json import Json, decode
from podium.model.webhooks import DeliveryState, Hold, Refusals, Webhook, WebhookDelivery

if TYPE_CHECKING:
    from podium.operations.webhooks.subscriptions import SignedWebhook

Patterns = Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
_TYPES = f"Patterns of the events that are told, such as `run_*`: {', '.join(EventType)}."
_URL = "Where each event is sent, as a POST: an address of the internet, unless the settings allow others."


class WebhookCreate(ApiInput):
    """Who is to be told what."""

    name: Annotated[str, Field(description="What it is for.", min_length=1, examples=["shop"])]
    url: Annotated[str, Field(description=_URL, examples=["https://shop.example.org/podium"])]
    tenant: Annotated[str | None, Field(description="Whose events; an admin's null is those of all tenants.")] = None
    types: Annotated[Patterns, Field(description=_TYPES)] = ("*",)
    workflows: Annotated[Patterns, Field(description="Patterns of the workflows whose runs are told of.")] = ("*",)
    values: Annotated[bool, Field(description="Tell also what runs gave, and what questions ask.")] = False
    secret: Annotated[
        str | None,
        Field(description="A reference to a secret of the server, `env:HOOK_SECRET`: for an admin. Else one is made."),
    ] = None


class WebhookChange(ApiInput):
    """What is to be another way; what is left out stays."""

    name: Annotated[str | None, Field(min_length=1)] = None
    url: Annotated[str | None, Field(description=_URL)] = None
    types: Annotated[Patterns | None, Field(description=_TYPES)] = None
    workflows: Patterns | None = None
    values: bool | None = None
    active: Annotated[
        bool | None, Field(description="Off, it keeps its place; on again, it is told what it missed.")
    ] = None


class WebhookRotate(ApiInput):
    """With what is signed from now on."""

    secret: Annotated[str | None, Field(description="A reference to a secret, for an admin; else one is made.")] = None
    grace: Annotated[float, Field(ge=0, description="Seconds for which the old secret signs too.")] = 86_400.0


class DeliveriesGiven(PageGiven):
    """Which deliveries to list."""

    state: DeliveryState | None = None


class HoldBody(ApiBody):
    """That its receiver is away."""

    since: Moment
    tries: int
    next_at: Annotated[Moment, Field(description="When it is tried again.")]
    reason: str

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Return since when a webhook waits, and why."""
        return cls(since=moment(hold.since), tries=hold.tries, next_at=moment(hold.next_at), reason=hold.why)


class RefusalsBody(ApiBody):
    """That its receiver is there, and takes nothing."""

    since: Moment
    tries: Annotated[int, Field(description="How often something was sent, since it took something last.")]
    reason: str

    @classmethod
    def of(cls, refusals: Refusals) -> Self:
        """Return since when nothing is taken, and why."""
        return cls(since=moment(refusals.since), tries=refusals.tries, reason=refusals.why)


class WebhookBody(ApiBody):
    """A webhook, and how it stands."""

    id: str
    name: str
    url: str
    tenant: str | None
    types: list[str]
    workflows: list[str]
    values: bool
    active: bool
    off: Annotated[str | None, Field(description="Why nothing is delivered.")]
    made_at: Moment
    made_by: str
    position: Annotated[int, Field(description="The last event that it was told, or that did not concern it.")]
    hold: Annotated[HoldBody | None, Field(description="Set while its receiver is away: what follows waits.")]
    refusals: Annotated[
        RefusalsBody | None,
        Field(description="Set while it refuses all that it is sent; in the end it is off."),
    ]
    former_until: Annotated[Moment | None, Field(description="Until when a former secret signs too.")]

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """Return a webhook as others see it."""
        return cls(**_fields(webhook))


def _fields(webhook: Webhook) -> dict[str, Json]:
    return {
        "id": webhook.id, "name": webhook.name, "url": webhook.url, "tenant": webhook.tenant,
        "types": list(webhook.types), "workflows": list(webhook.workflows), "values": webhook.values,
        "active": webhook.off is None, "off": webhook.off, "made_at": moment(webhook.made_at),
        "made_by": webhook.made_by, "position": webhook.cursor,
        "hold": None if webhook.hold is None else HoldBody.of(webhook.hold),
        "refusals": None if webhook.refusals is None else RefusalsBody.of(webhook.refusals),
        "former_until": moment_or_none(webhook.signing.former_until),
    }  # fmt: skip


class WebhookSecretBody(WebhookBody):
    """A webhook with its secret, which is shown only now."""

    secret: Annotated[str | None, Field(description="`whsec_…`; null of one that is a reference.")]

    @classmethod
    def signed(cls, made: "SignedWebhook") -> Self:
        """Return a webhook with its secret."""
        return cls(**_fields(made.webhook), secret=made.secret)


class DeliveryBody(ApiBody):
    """What was sent to a webhook, or is to be."""

    id: Annotated[str, Field(description="The header `webhook-id`: the same however often it is sent.")]
    webhook: str
    type: str
    state: DeliveryState
    at: Annotated[Moment, Field(description="When what it tells of happened.")]
    tries: int
    next_at: Moment | None
    ended_at: Moment | None
    status: Annotated[int | None, Field(description="What the receiver answered last.")]
    reason: Annotated[str, Field(description="Why the last try failed.")]
    data: Annotated[Json, Field(description="What it tells, without values.")]

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> Self:
        """Return a delivery as others see it."""
        return cls(
            id=delivery.id, webhook=delivery.webhook, type=delivery.type, state=delivery.state,
            at=moment(delivery.at), tries=delivery.tries, next_at=moment_or_none(delivery.next_at),
            ended_at=moment_or_none(delivery.ended_at), status=delivery.status, reason=delivery.why,
            data=decode(delivery.content)["data"],
        )  # fmt: skip
