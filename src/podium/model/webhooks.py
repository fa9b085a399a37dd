"""Webhooks: addresses of other programs that are told what happens to runs and questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.expected import FLAG, TEXT, Expected, are_names, check_fields, or_none

if TYPE_CHECKING:
    import ipaddress
else:
    ipaddress = lazy.module("ipaddress")


def _are_networks(value: object) -> bool:
    if not are_names(value):
        return False
    try:
        for each in value:
            ipaddress.ip_network(each)
    except ValueError:
        return False
    return True


_NETWORKS = Expected('networks, such as ["10.0.0.0/8", "127.0.0.1/32"]', _are_networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """`[podium.webhooks]`: how what is delivered is signed, and where it may be delivered to."""

    key: str | None = None
    """The secret that those of webhooks are made of, as a reference (`env:NAME`); else each webhook names its own."""
    allow: Sequence[str] = ()
    """Private networks that may be delivered to; those of the internet always may."""
    http: bool = False
    """Whether what is delivered beyond this machine may go without TLS."""
    timeout: Seconds = Seconds(15.0)
    """Seconds that a receiver has to answer in."""
    give_up: Seconds = Seconds(432_000.0)
    """Seconds that a receiver may be away, or refuse all that it is sent, before its webhook is switched off."""
    keep: Seconds = Seconds(2_592_000.0)
    """Seconds that deliveries are listed after they ended."""

    def __post_init__(self) -> None:
        check_fields(self, {"key": or_none(TEXT), "allow": _NETWORKS, "http": FLAG})
        hold_seconds(self, SECONDS, "timeout", "give_up", "keep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """With what the deliveries of a webhook are signed: secrets are named here, and never stand in the store."""

    secret: str
    """A reference to the secret, such as `env:NAME`, or `made:N`: the Nth that is made of the key of the settings."""
    former: str | None = None
    """The one that this took the place of."""
    former_until: float | None = None
    """Until when deliveries are signed with the former one too, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """That a webhook waits, since its receiver is away: what it is told next is told later, in the same order."""

    since: float
    """When the first of these tries failed."""
    tries: int
    next_at: float
    why: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """That a receiver is there, and has taken nothing since a time: each message is tried again by itself."""

    since: float
    """When the first of these tries failed, in seconds since 1970."""
    tries: int
    """How many messages were tried, or tried again."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What is delivered to an address, as the store knows it."""

    id: str
    name: str
    """What it is for, as people call it."""
    url: str
    tenant: str | None
    """Only what belongs to this tenant is told; None is what belongs to any."""
    types: tuple[str, ...] = ("*",)
    """Patterns of the events that are told: `run_*`, `question_opened`."""
    workflows: tuple[str, ...] = ("*",)
    """Patterns of the workflows whose runs and questions are told of."""
    values: bool = False
    """Whether what a run gave, and what a question asks, is told too."""
    signing: Signing
    made_at: float
    made_by: str
    off: str | None = None
    """Why nothing is delivered; None where it is."""
    cursor: int
    """The position of the last event that was handled: delivered, set aside, or passed over."""
    hold: Hold | None = None
    refusals: Refusals | None = None
    """None where the receiver took what it was sent last, or was sent nothing."""


class DeliveryState(StrEnum):
    """How a delivery stands. Names are stored: never reuse one."""

    WAITING = "waiting"
    """It is tried, again, once it is time."""
    DELIVERED = "delivered"
    SET_ASIDE = "set_aside"
    """The receiver refused it as often as it is tried: it is tried no more, unless somebody has it delivered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One message for the receiver of a webhook."""

    id: str
    """The `webhook-id`: the same, however often it is sent."""
    webhook: str
    position: int | None = None
    """That of the event it tells of; None of one that somebody asked for to try the receiver."""
    type: str
    content: bytes
    """As JSON: when it was, and what is told; but never values of runs, which are looked up when it is sent."""
    state: DeliveryState
    at: float
    """When it was tried first, or was asked for."""
    tries: int = 0
    next_at: float | None = None
    """When it is tried again."""
    ended_at: float | None = None
    status: int | None = None
    """The last status that the receiver answered."""
    why: str = ""
    """Why the last try failed."""
