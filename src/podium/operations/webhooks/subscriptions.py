"""Webhooks as people make, change and try them. What is delivered, and when, is decided where it is sent."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from podium.errors import InvalidValue, NotPossible, UnknownWebhook, UsageError
from podium.model.clock import Clock
from podium.model.event_types import EventType
from podium.model.ids import Ids
from podium.model.json import encode
from podium.model.storable import check_name
from podium.model.webhooks import DeliveryState, Signing, Webhook, WebhookDelivery, WebhookSettings
from podium.secrets.reference import FORMS, is_reference, resolve
from podium.store.protocol import Store
from podium.webhooks import secret_bytes, secret_of

PING = "ping"
"""The type of what is delivered to try a receiver."""
_MADE = "made:"
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWebhook:
    """A webhook with the secret that its receiver checks with."""

    webhook: Webhook
    secret: str | None
    """`whsec_…`, where Podium has made it: nobody is told it a second time. None of one that people have made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """The webhooks of a store."""

    store: Store
    settings: WebhookSettings
    clock: Clock
    ids: Ids

    async def create(self, id: str, *, secret: str | None, by: str, **fields: Any) -> SignedWebhook:
        """Make a webhook of these fields, which is told what happens from now on; or return the one of its id."""
        webhook = Webhook(
            id=id, signing=Signing(secret=f"{_MADE}1"), made_at=self.clock.now(), made_by=by,
            cursor=await self.store.events.last(), **fields,
        )  # fmt: skip
        check(webhook, self.settings)
        made = self._signed(webhook, secret, 1)
        if not await self.store.webhooks.enter(made.webhook):
            there = await self._now(id)
            named = there.signing.secret
            told = secret_named(named, id, self.settings) if named.startswith(_MADE) else None
            return SignedWebhook(webhook=there, secret=told)
        return made

    async def change(self, webhook: Webhook, **fields: Any) -> Webhook:
        """Replace fields of a webhook; what held it back is tried again at once.

        Whatever others change of it meanwhile stays: what is written is compared with what was read.
        """
        while True:
            changed = replace(webhook, **fields)
            check(changed, self.settings)
            if await self.store.webhooks.change(webhook, changed):
                return replace(changed, hold=None)
            webhook = await self._now(webhook.id)

    async def _now(self, id: str) -> Webhook:
        found = await self.store.webhooks.get(id)
        if found is None:
            raise UnknownWebhook(unknown(id))
        return found

    async def rotate(self, webhook: Webhook, *, secret: str | None, grace: float) -> SignedWebhook:
        """Give a webhook a new secret; what is sent within `grace` seconds is signed with the old one too.

        Raises NotPossible where somebody else gave it one at the same time: only one of both would be of use.
        """
        former = webhook.signing.secret
        number = int(former.removeprefix(_MADE)) + 1 if former.startswith(_MADE) else 1
        made = self._signed(webhook, secret, number)
        signing = Signing(
            secret=made.webhook.signing.secret, former=former if grace else None,
            former_until=self.clock.now() + grace if grace else None,
        )  # fmt: skip
        while not await self.store.webhooks.change(webhook, replace(webhook, signing=signing)):
            webhook = await self._now(webhook.id)
            if webhook.signing.secret != former:
                raise NotPossible(f"webhook {webhook.id} was given another secret just now: rotate it again.")
        return replace(made, webhook=replace(webhook, signing=signing, hold=None))

    async def ping(self, webhook: Webhook) -> WebhookDelivery:
        """Have something delivered that says nothing, to try the receiver; at once, though it was away."""
        if webhook.off is not None:
            raise NotPossible(f"webhook {webhook.id} is off: {webhook.off}. Switch it on first.")
        now = self.clock.now()
        ping = WebhookDelivery(
            id=self.ids.new(f"{webhook.id}_{PING}"), webhook=webhook.id, type=PING,
            content=encode({"at": now, "data": {"webhook": webhook.id}}), state=DeliveryState.WAITING, at=now,
            next_at=now,
        )  # fmt: skip
        await self._try_now(webhook, ping)
        return ping

    async def redeliver(self, webhook: Webhook, delivery: WebhookDelivery) -> WebhookDelivery:
        """Have something delivered again at once, under the id that it had, as often as if it were new."""
        again = replace(
            delivery, state=DeliveryState.WAITING, tries=0, next_at=self.clock.now(), ended_at=None, why="", status=None
        )
        await self._try_now(webhook, again)
        return again

    async def _try_now(self, webhook: Webhook, delivery: WebhookDelivery) -> None:
        """Have something tried now: if its receiver is still away, it is so since it was first found to be."""
        await self.store.webhooks.put(delivery)
        if webhook.hold is not None:
            await self.store.webhooks.hold(webhook.id, replace(webhook.hold, next_at=self.clock.now()))

    def _signed(self, webhook: Webhook, secret: str | None, number: int) -> SignedWebhook:
        """Return a webhook with its secret: a reference of people, or one that is made of the key of the settings."""
        if secret is not None:
            if not is_reference(secret):
                raise InvalidValue(f"the secret is expected as a reference: {FORMS}. It is not kept in the store.")
            secret_bytes(resolve(secret))
            return SignedWebhook(webhook=replace(webhook, signing=Signing(secret=secret)), secret=None)
        if self.settings.key is None:
            raise UsageError(
                "a webhook needs a secret: name yours as a reference, such as env:HOOK_SECRET, or set `key` of "
                "[podium.webhooks] to one, of which those of webhooks are made."
            )
        webhook = replace(webhook, signing=Signing(secret=f"{_MADE}{number}"))
        return SignedWebhook(webhook=webhook, secret=secret_named(webhook.signing.secret, webhook.id, self.settings))


def secrets_of(webhook: Webhook, settings: WebhookSettings, now: float) -> list[str]:
    """Return the secrets with which something is signed now; raises ConfigError where one is not there."""
    signing = webhook.signing
    named = [signing.secret]
    if signing.former is not None and signing.former_until is not None and now < signing.former_until:
        named.append(signing.former)
    return [secret_named(each, webhook.id, settings) for each in named]


def secret_named(name: str, webhook: str, settings: WebhookSettings) -> str:
    """Return the secret of a webhook that a name stands for; raises ConfigError where it is not there."""
    if not name.startswith(_MADE):
        return resolve(name)
    key = resolve(settings.key) if settings.key is not None and is_reference(settings.key) else settings.key or ""
    said = f"podium webhook {webhook} {name.removeprefix(_MADE)}"
    return secret_of(hmac.digest(key.encode(), said.encode(), "sha256"))


def check(webhook: Webhook, settings: WebhookSettings) -> None:
    """Raise InvalidValue where nothing could be delivered as a webhook says."""
    check_name("the name of the webhook", webhook.name)
    check_name("the url of the webhook", webhook.url)
    _check_url(webhook.url, settings)
    check_name("the tenant of the webhook", webhook.tenant)
    told = [kind.value for kind in EventType]
    for pattern in webhook.types:
        if not any(fnmatchcase(kind, pattern) for kind in told):
            raise InvalidValue(f"no event is called {pattern!r}: expected patterns of {', '.join(told)}.")
    for pattern in webhook.workflows:
        check_name("a pattern of workflows", pattern)
    for what, patterns in (("types", webhook.types), ("workflows", webhook.workflows)):
        if not patterns or not all(patterns):
            raise InvalidValue(f"the webhook has no {what}: expected patterns, such as `*` for all.")


def _check_url(url: str, settings: WebhookSettings) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as it is looked up: no label of a name is empty, or longer than 63
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST
    if not plain or parts.scheme not in ("https", "http") or not host or port == 0 or parts.fragment:
        raise InvalidValue(f"url is {url!r:.200}; expected an address such as https://example.org/hooks.")
    if parts.username is not None or parts.password is not None:
        raise InvalidValue(
            "the url has a user or a password in it, which would be shown: the signature tells who sends."
        )
    if parts.scheme == "http" and not (settings.http or settings.allow):
        raise InvalidValue(
            "the url begins with http: what is delivered could be read on the way. Expected https; `http` and `allow` "
            "of [podium.webhooks] say what else may be."
        )


def unknown(id: str) -> str:
    """Return that there is no webhook of an id."""
    return f"no webhook is called {id!r}. `podium webhooks list` shows those there are."


def fits(webhook: Webhook) -> Callable[[str, str, str], bool]:
    """Return what tells whether something of a type, tenant and workflow is told to a webhook."""

    def is_told(kind: str, tenant: str, workflow: str) -> bool:
        return (
            webhook.tenant in (None, tenant)
            and any(fnmatchcase(kind, pattern) for pattern in webhook.types)
            and any(fnmatchcase(workflow, pattern) for pattern in webhook.workflows)
        )

    return is_told
