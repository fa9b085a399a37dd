"""What a store must do with webhooks, and with what is delivered to them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from podium.model.webhooks import DeliveryState, Hold, Refusals, Signing, Webhook, WebhookDelivery
from podium.store.protocol import DeliveryQuery
from podium.testing.contracts.opened import OpenedStore

_NAMED = "made:2"
_NEXT = "made:3"
_HOOK = Webhook(
    id="hook_1", name="shop", url="https://shop.example.org/hooks", tenant="acme", types=("run_*",),
    workflows=("desk", "crm-*"), values=True, signing=Signing(secret=_NAMED, former="env:OLD", former_until=900.0),
    made_at=100.0, made_by="ada", cursor=7,
)  # fmt: skip
_HOLD = Hold(since=200.0, tries=2, next_at=260.0, why="the receiver answered 503")


def _delivery(position: int, state: DeliveryState = DeliveryState.WAITING, webhook: str = "hook_1") -> WebhookDelivery:
    ended = None if state is DeliveryState.WAITING else 1_000.0 + position
    return WebhookDelivery(
        id=f"{webhook}-{position}", webhook=webhook, position=position, type="run_ended", content=b'{"data":{}}',
        state=state, at=100.0 + position, tries=1, next_at=None if ended else 500.0 - position, ended_at=ended,
        status=500, why="the receiver answered 500",
    )  # fmt: skip


class WebhooksContract(OpenedStore):
    """Webhooks are kept whole; a cursor moves together with what was delivered, and only from where it was seen."""

    def test_a_webhook_comes_back_as_it_was_made(self, tmp_path: Path) -> None:
        other = replace(_HOOK, id="hook_0", tenant=None, values=False, signing=Signing(secret=_NAMED), made_at=200.0)
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            for each in (other, _HOOK):
                hand.told(book.enter(each))
            assert hand.told(book.get("hook_1")) == _HOOK
            assert hand.told(book.get("hook_2")) is None
            assert list(hand.told(book.all())) == [_HOOK, other]

    def test_what_people_say_of_a_webhook_is_replaced_and_its_place_stays(self, tmp_path: Path) -> None:
        new = replace(_HOOK, name="till", url="https://b.example", types=("*",), off="by hand", cursor=99)
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            hand.told(book.hold("hook_1", _HOLD))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, hold=_HOLD)
            assert hand.told(book.change(_HOOK, new))
            assert hand.told(book.get("hook_1")) == replace(new, cursor=7)
            assert not hand.told(book.change(new, replace(new, id="hook_2")))

    def test_what_people_say_is_replaced_only_where_it_is_as_it_was_seen(self, tmp_path: Path) -> None:
        by_others: Sequence[Webhook] = (
            replace(_HOOK, name="till"), replace(_HOOK, url="https://b.example"), replace(_HOOK, types=("*",)),
            replace(_HOOK, workflows=("*",)), replace(_HOOK, values=False), replace(_HOOK, off="by hand"),
            replace(_HOOK, signing=Signing(secret=_NEXT, former=_NAMED, former_until=900.0)),
        )  # fmt: skip
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            for other in by_others:
                assert hand.told(book.change(_HOOK, other))
                assert not hand.told(book.change(_HOOK, replace(_HOOK, name="mine")))
                assert hand.told(book.get("hook_1")) == other
                assert hand.told(book.change(other, _HOOK))

    def test_the_cursor_moves_from_where_it_was_seen_with_what_was_delivered(self, tmp_path: Path) -> None:
        done = _delivery(8, DeliveryState.DELIVERED)
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            hand.told(book.hold("hook_1", _HOLD))
            assert not hand.told(book.advance("hook_1", 6, 8, done))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, hold=_HOLD)
            assert hand.told(book.delivery(done.id)) is None
            assert hand.told(book.advance("hook_1", 7, 8, done))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, cursor=8)
            assert hand.told(book.delivery(done.id)) == done
            assert hand.told(book.advance("hook_1", 8, 20, None))
            assert not hand.told(book.advance("hook_2", 7, 8, None))

    def test_a_webhook_is_switched_off_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            assert hand.told(book.switch_off("hook_1", "gone"))
            assert not hand.told(book.switch_off("hook_1", "again"))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, off="gone")

    def test_since_when_nothing_is_taken_is_kept_until_something_is_or_people_change_it(self, tmp_path: Path) -> None:
        refusals = Refusals(300.0, 4, "the receiver answered 500")
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            hand.told(book.note_refusals("hook_1", refusals))
            assert hand.told(book.advance("hook_1", 7, 8, None))
            seen = replace(_HOOK, cursor=8, refusals=refusals)
            assert hand.told(book.get("hook_1")) == seen
            assert list(hand.told(book.all())) == [seen]
            hand.told(book.note_refusals("hook_1", None))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, cursor=8)
            hand.told(book.note_refusals("hook_1", refusals))
            assert hand.told(book.change(seen, replace(seen, name="till")))
            assert hand.told(book.get("hook_1")) == replace(_HOOK, cursor=8, name="till")

    def test_a_webhook_is_there_once_whoever_makes_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            assert hand.told(book.enter(_HOOK))
            assert not hand.told(book.enter(replace(_HOOK, name="till")))
            assert hand.told(book.get("hook_1")) == _HOOK

    def test_what_waits_is_due_in_the_order_of_its_time(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            for each in (_HOOK, replace(_HOOK, id="hook_2")):
                hand.told(book.enter(each))
            assert hand.told(book.due("hook_1")) is None
            for each in (
                _delivery(1),
                _delivery(2),
                _delivery(3, DeliveryState.SET_ASIDE),
                _delivery(4, webhook="hook_2"),
            ):
                hand.told(book.put(each))
            assert hand.told(book.due("hook_1")) == _delivery(2)
            assert hand.told(book.soonest()) == {"hook_1": 498.0, "hook_2": 496.0}
            ended = replace(_delivery(2), state=DeliveryState.DELIVERED, next_at=None, ended_at=600.0, tries=2)
            hand.told(book.put(ended))
            assert hand.told(book.delivery("hook_1-2")) == ended
            assert hand.told(book.due("hook_1")) == _delivery(1)

    def test_deliveries_are_listed_newest_first_page_by_page(self, tmp_path: Path) -> None:
        states = [DeliveryState.DELIVERED, DeliveryState.SET_ASIDE, DeliveryState.DELIVERED, DeliveryState.WAITING]
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            for position, state in enumerate(states):
                hand.told(book.put(_delivery(position, state)))
            first = hand.told(book.deliveries(DeliveryQuery(webhook="hook_1", limit=3)))
            assert [each.position for each in first] == [3, 2, 1]
            rest = hand.told(book.deliveries(DeliveryQuery(webhook="hook_1", limit=3, cursor=first.cursor)))
            assert ([each.position for each in rest], rest.cursor) == ([0], None)
            chosen = DeliveryQuery(webhook="hook_1", state=DeliveryState.DELIVERED, since=101.0)
            assert [each.position for each in hand.told(book.deliveries(chosen))] == [2]
            assert not hand.told(book.deliveries(DeliveryQuery(webhook="hook_2")))

    def test_deliveries_that_ended_are_deleted_in_time_and_those_that_wait_stay(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            for position, state in enumerate([DeliveryState.DELIVERED, DeliveryState.SET_ASIDE, DeliveryState.WAITING]):
                hand.told(book.put(_delivery(position, state)))
            assert not hand.told(book.expire(1_001.0))
            assert [each.position for each in hand.told(book.deliveries(DeliveryQuery(webhook="hook_1")))] == [2, 1]

    def test_a_webhook_is_deleted_with_its_deliveries_and_none_comes_after(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.webhooks
            hand.told(book.enter(_HOOK))
            hand.told(book.put(_delivery(1)))
            assert hand.told(book.delete("hook_1"))
            assert not hand.told(book.delete("hook_1"))
            hand.told(book.put(_delivery(2)))
            assert hand.told(book.delivery("hook_1-1")) is None
            assert hand.told(book.delivery("hook_1-2")) is None
