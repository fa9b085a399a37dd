"""`podium webhooks`: other programs that are told what happens."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.moments import span
from podium.cli.opening import drive, existing
from podium.cli.options import PAGE, CursorOption, JsonOption, LimitOption, StoreOption
from podium.cli.output import iso, moment, note, note_next, print_json, print_table
from podium.config import Config, load_config
from podium.facade.webhooks import Webhooks
from podium.model.json import Json
from podium.model.webhooks import DeliveryState, Webhook, WebhookDelivery
from podium.operations.webhooks.subscriptions import SignedWebhook

T = TypeVar("T")
commands = typer.Typer(help="Other programs that are told what happens.", rich_markup_mode=None, no_args_is_help=True)
WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, from `podium webhooks list`.")]
DeliveryArgument = Annotated[str, typer.Argument(metavar="DELIVERY", help="Its id, from `podium webhooks deliveries`.")]
UrlOption = Annotated[str | None, typer.Option(metavar="URL", help="Where each event is sent.")]
TypeOption = Annotated[
    list[str] | None, typer.Option(metavar="PATTERN", help="Events that are told, `run_*`; several times. Else all.")
]
OfWorkflowOption = Annotated[
    list[str] | None, typer.Option(metavar="PATTERN", help="Workflows whose runs are told of; several times. Else all.")
]
SecretOption = Annotated[
    str | None, typer.Option(metavar="REFERENCE", help="Your secret, such as env:HOOK_SECRET; else one is made.")
]
ValuesOption = Annotated[bool | None, typer.Option("--values/--no-values", help="What runs gave, and questions ask.")]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as `shop`.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where each event is sent: https://…")],
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Whose events; else those of all tenants.")] = None,
    type: TypeOption = None,
    workflow: OfWorkflowOption = None,
    values: ValuesOption = None,
    secret: SecretOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a program told what happens from now on, while `podium serve` runs; prints its secret, once."""
    made = _changed(
        load_config(store=store),
        lambda webhooks: webhooks.create(
            name, url, tenant=tenant, types=type or ("*",), workflows=workflow or ("*",), values=values or False,
            secret=secret, by=login(),
        ),
    )  # fmt: skip
    _tell_secret(made, as_json=as_json)


@commands.command("list")
def list_webhooks(
    limit: LimitOption = PAGE, cursor: CursorOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List all webhooks, the oldest first, and how they stand."""
    found = _changed(existing(store), lambda webhooks: webhooks.list(limit=limit, cursor=cursor))
    if as_json:
        print_json([_plain(each) for each in found])
    elif not found:
        print("there are no webhooks: `podium webhooks create NAME URL` makes one")
    else:
        rows = [
            (
                each.id, each.name, each.url, each.tenant or "all", ", ".join(each.types), ", ".join(each.workflows),
                _standing(each),
            )
            for each in found
        ]  # fmt: skip
        print_table(("WEBHOOK", "NAME", "URL", "TENANT", "TYPES", "WORKFLOWS", "STATE"), rows)
    note_next(found.cursor)


@commands.command("show")
def show(webhook: WebhookArgument, store: StoreOption = None) -> None:
    """Print a webhook, and how it stands, as JSON."""
    print_json(_plain(_changed(existing(store), lambda webhooks: webhooks.get(webhook))))


@commands.command("change")
def change(
    webhook: WebhookArgument,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What it is for.")] = None,
    url: UrlOption = None,
    type: TypeOption = None,
    workflow: OfWorkflowOption = None,
    values: ValuesOption = None,
    active: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on again, or off.")] = None,
    store: StoreOption = None,
) -> None:
    """Change what is told to whom, or switch it off and on; what is left out stays."""
    changed = _changed(
        existing(store),
        lambda webhooks: webhooks.change(
            webhook, name=name, url=url, types=type, workflows=workflow, values=values, active=active
        ),
    )
    print(f"{changed.id} is {_standing(changed)}")


@commands.command("rotate")
def rotate(
    webhook: WebhookArgument,
    secret: SecretOption = None,
    grace: Annotated[str, typer.Option(metavar="TIME", help="How long the old one signs too.")] = "1d",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a webhook a new secret, and print it, once; the old one signs too for a while."""
    seconds = span(grace, "--grace")
    made = _changed(existing(store), lambda webhooks: webhooks.rotate(webhook, secret=secret, grace=seconds))
    _tell_secret(made, as_json=as_json)


@commands.command("delete")
def delete(webhook: WebhookArgument, store: StoreOption = None) -> None:
    """Delete a webhook, with what is known of its deliveries."""
    _changed(existing(store), lambda webhooks: webhooks.delete(webhook))
    print(f"{webhook} is deleted")


@commands.command("ping")
def ping(webhook: WebhookArgument, store: StoreOption = None) -> None:
    """Have something delivered that says nothing, to try the receiver; prints the id of the delivery."""
    print(_changed(existing(store), lambda webhooks: webhooks.ping(webhook)).id)


@commands.command("deliveries")
def deliveries(
    webhook: WebhookArgument,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those that stand so.")] = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was delivered, or is to be tried again, newest first."""
    page = _changed(
        existing(store), lambda webhooks: webhooks.deliveries(webhook, state=state, limit=limit, cursor=cursor)
    )
    if as_json:
        print_json([_plain_delivery(each) for each in page])
    elif not page:
        print("nothing was delivered")
    else:
        rows = [
            (each.id, each.type, moment(each.at), each.state.value, str(each.tries), each.why or str(each.status or ""))
            for each in page
        ]
        print_table(("DELIVERY", "TYPE", "AT", "STATE", "TRIES", "ANSWER"), rows)
    note_next(page.cursor)


@commands.command("redeliver")
def redeliver(webhook: WebhookArgument, delivery: DeliveryArgument, store: StoreOption = None) -> None:
    """Have something delivered again at once, under the id that it had."""
    _changed(existing(store), lambda webhooks: webhooks.redeliver(webhook, delivery))
    print(f"{delivery} is delivered again")


def _changed(config: Config, work: Callable[[Webhooks], Awaitable[T]]) -> T:
    async def run() -> T:
        async with App.open(config=config) as app:
            return await work(app.webhooks)

    return drive(run())


def _tell_secret(made: SignedWebhook, *, as_json: bool) -> None:
    if as_json:
        print_json({**_plain(made.webhook), "secret": made.secret})
        return
    if made.secret is None:
        print(made.webhook.id)
        return
    print(made.secret)
    note(f"this is the secret of {made.webhook.id}, for its receiver: keep it, it is shown only now")


def _standing(webhook: Webhook) -> str:
    if webhook.off is not None:
        return f"off: {webhook.off}"
    if webhook.hold is not None:
        return f"waits until {moment(webhook.hold.next_at)}: {webhook.hold.why}"
    if webhook.refusals is not None:
        return f"refuses all since {moment(webhook.refusals.since)}: {webhook.refusals.why}"
    return "on"


def _plain(webhook: Webhook) -> dict[str, Json]:
    hold, refused = webhook.hold, webhook.refusals
    return {
        "id": webhook.id, "name": webhook.name, "url": webhook.url, "tenant": webhook.tenant,
        "types": list(webhook.types), "workflows": list(webhook.workflows), "values": webhook.values,
        "active": webhook.off is None, "off": webhook.off, "made_at": iso(webhook.made_at), "made_by": webhook.made_by,
        "position": webhook.cursor,
        "hold": None if hold is None else {
            "since": iso(hold.since), "tries": hold.tries, "next_at": iso(hold.next_at), "reason": hold.why,
        },
        "refusals": None if refused is None else {
            "since": iso(refused.since), "tries": refused.tries, "reason": refused.why,
        },
        "former_until": iso(webhook.signing.former_until),
    }  # fmt: skip


def _plain_delivery(delivery: WebhookDelivery) -> dict[str, Json]:
    return {
        "id": delivery.id, "webhook": delivery.webhook, "type": delivery.type, "state": delivery.state.value,
        "at": iso(delivery.at), "tries": delivery.tries, "next_at": iso(delivery.next_at),
        "ended_at": iso(delivery.ended_at), "status": delivery.status, "reason": delivery.why,
    }  # fmt: skip
