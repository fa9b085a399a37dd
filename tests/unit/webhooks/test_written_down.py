"""Who changes a webhook is written down, where all changes of users are."""

from dataclasses import replace

from podium import App
from podium.model.principal import Principal
from podium.model.webhooks import WebhookSettings

ANN = Principal(who="ann", tenant="acme", roles={"operator"})


async def test_each_change_of_a_user_is_written_down_with_its_tenant() -> None:
    async with App.open(":memory:", webhooks=WebhookSettings(key="a long secret")) as app:
        webhooks = app.scoped(ANN).webhooks
        hook = (await webhooks.create("shop", "https://shop.example.org/hooks")).webhook.id
        await webhooks.change(hook, values=True)
        await webhooks.rotate(hook)
        ping = await webhooks.ping(hook)
        await app.store.webhooks.put(replace(ping, tries=1))
        await webhooks.redeliver(hook, ping.id)
        await webhooks.delete(hook)
        told = {(each.by, each.tenant, each.what, each.about) for each in await app.reports.actions()}
    assert told == {
        ("ann", "acme", f"{what} webhooks", ping.id if what == "redeliver" else hook)
        for what in ("create", "change", "rotate", "try", "redeliver", "delete")
    }
