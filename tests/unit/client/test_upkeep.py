"""Webhooks and the store, as both clients look after them."""

import pytest

from podium.api.stores import StoreBody
from podium.errors import NotPossible, UnknownWebhook
from podium.model.run import RunState
from podium.model.webhooks import DeliveryState, WebhookSettings
from tests.unit.client.conftest import Asking
from tests.unit.server.desk import DESK

HOOK = "https://shop.example.org/hooks"
KEYED = WebhookSettings(key="a long secret of the installation")


async def test_a_webhook_is_made_changed_tried_and_deleted(asking: Asking) -> None:
    async with asking(webhooks=KEYED) as ask:
        made = await ask(lambda client: client.webhooks.create("shop", HOOK, types=["run_*"], values=True))
        assert made.secret.startswith("whsec_")
        off = await ask(lambda client: client.webhooks.change(made.id, active=False))
        assert (off.active, off.types, off.values, off.name) == (False, ["run_*"], True, "shop")
        assert await ask(lambda client: client.webhooks.get(made.id)) == off
        assert await ask(lambda client: client.webhooks.list()) == [off]
        on = await ask(lambda client: client.webhooks.change(made.id, active=True, name="store", workflows=["a*"]))
        assert (on.active, on.name, on.workflows) == (True, "store", ["a*"])
        rotated = await ask(lambda client: client.webhooks.rotate(made.id, grace=0))
        assert (rotated.secret != made.secret, rotated.former_until) == (True, None)
        await ask(lambda client: client.webhooks.delete(made.id))
        with pytest.raises(UnknownWebhook):
            await ask(lambda client: client.webhooks.get(made.id))


async def test_deliveries_are_listed_and_shown(asking: Asking) -> None:
    async with asking(webhooks=KEYED) as ask:
        hook = (await ask(lambda client: client.webhooks.create("shop", HOOK))).id
        sent = [await ask(lambda client: client.webhooks.ping(hook)) for _ in range(3)]
        listed = await ask(lambda client: client.webhooks.deliveries(hook, state=DeliveryState.WAITING, limit=2))
        assert len(listed) == 2
        listed = await ask(lambda client: client.webhooks.deliveries(hook))
        assert sorted(each.id for each in listed) == sorted(each.id for each in sent)
        assert (await ask(lambda client: client.webhooks.delivery(hook, sent[0].id))).data == {"webhook": hook}
        with pytest.raises(NotPossible):
            await ask(lambda client: client.webhooks.redeliver(hook, sent[0].id))


async def test_the_store_is_looked_at_redacted_pruned_and_compacted(asking: Asking) -> None:
    async with asking(*DESK, who="root default admin") as ask:
        run = await ask(lambda client: client.runs.start("article", "tea", wait=None))
        found = await ask(lambda client: client.store.get())
        assert (type(found), found.runs) == (StoreBody, {RunState.DONE: 1})
        assert (await ask(lambda client: client.store.retain(0, reason="a test"))).redacted == 1
        tried = await ask(lambda client: client.store.prune("0s", dry_run=True))
        assert (tried.dry_run, [each.run for each in tried.families]) == (True, [run.id])
        none = await ask(lambda client: client.store.prune(0, states=[RunState.FAILED]))
        assert (none.dry_run, none.runs) == (False, 0)
        assert (await ask(lambda client: client.store.prune(0))).runs == 1
        assert (await ask(lambda client: client.store.get())).runs == {}
        done = await ask(lambda client: client.store.compact())
        assert done.after <= done.before
