"""What happens is delivered: each event that fits once, in order, again where that fails, and set aside in the end."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from podium import App, Context, workflow
from podium.errors import NotPossible, StoreBusy, UnknownWebhook
from podium.model.webhooks import DeliveryState, Hold, Webhook, WebhookDelivery, WebhookSettings
from podium.operations.webhooks.deliverer import Deliverer
from podium.operations.webhooks.outbox import AGAIN, AWAY, LEAST_REFUSED
from podium.operations.webhooks.sending import SendResult, Verdict
from podium.store.tables.webhooks import TableWebhooks
from podium.testing import DrivenClock

SETTINGS = WebhookSettings(key="a long secret of the installation")
DELIVERED = SendResult(verdict=Verdict.DELIVERED, status=204)
REFUSED = SendResult(verdict=Verdict.REFUSED, status=500, why="the receiver answered 500")
AWAY_NOW = SendResult(verdict=Verdict.AWAY, status=503, why="the receiver answered 503")
GONE = SendResult(verdict=Verdict.GONE, status=410, why="the receiver answered 410")


@workflow
async def hello(ctx: Context, name: str) -> str:
    return f"Hello, {name}."


@workflow
async def other(ctx: Context, name: str) -> str:
    return name


def always(answer: SendResult) -> Callable[[Webhook, WebhookDelivery], SendResult]:
    return lambda to, it: answer


class Receivers:
    """Take what is sent, and answer as they are told."""

    def __init__(self) -> None:
        self.took: list[tuple[str, str, dict[str, Any]]] = []
        self.tried: list[str] = []
        self.answers: Callable[[Webhook, WebhookDelivery], SendResult] = lambda webhook, delivery: DELIVERED
        self.open = asyncio.Event()
        self.open.set()
        self.slow = ""

    async def send(self, webhook: Webhook, delivery: WebhookDelivery, body: bytes) -> SendResult:
        if webhook.name == self.slow:
            await self.open.wait()
        self.tried.append(delivery.id)
        answer = self.answers(webhook, delivery)
        if answer.verdict is Verdict.DELIVERED:
            self.took.append((webhook.name, delivery.id, json.loads(body)))
        return answer

    def types(self, name: str = "shop") -> list[str]:
        return [said["type"] for to, _, said in self.took if to == name]


class Bench:
    """An app on a driven clock, and receivers."""

    def __init__(self, app: App, clock: DrivenClock) -> None:
        self.app = app
        self.clock = clock
        self.receivers = Receivers()

    @asynccontextmanager
    async def delivering(self) -> AsyncGenerator[None]:
        config = self.app.config
        deliverer = Deliverer(
            self.app.store, self.receivers, self.clock, config.webhooks, worker=lambda: self.app.worker.id,
            lease=config.lease, poll=config.poll, grace=1.0,
        )  # fmt: skip
        async with deliverer.delivering():
            yield

    async def hook(self, name: str = "shop", **said: Any) -> Webhook:
        return (await self.app.webhooks.create(name, "https://shop.example/hooks", **said)).webhook

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.clock.until(condition)

    async def deliveries(self, webhook: Webhook) -> list[tuple[str, DeliveryState, int]]:
        page = await self.app.webhooks.deliveries(webhook.id)
        return [(each.type, each.state, each.tries) for each in page]


@asynccontextmanager
async def bench(**settings: Any) -> AsyncGenerator[Bench]:
    clock = DrivenClock()
    async with App.open(":memory:", agents=[hello, other], clock=clock, webhooks=replace(SETTINGS, **settings)) as app:
        yield Bench(app, clock)


async def test_what_happens_is_told_in_order_under_stable_ids() -> None:
    async with bench() as at:
        await at.app.run(hello, "too early")
        webhook = await at.hook()
        async with at.delivering():
            run = await at.app.start(hello, "ann")
            await run.result()
            await at.app.run(hello, "bob")
            await at.until(lambda: len(at.receivers.took) == 4)
        assert at.receivers.types() == ["run_started", "run_ended"] * 2
        _, name, said = at.receivers.took[1]
        assert name == f"{webhook.id}-{said['data']['position']}"
        assert said["timestamp"].endswith("+00:00")
        assert said["data"] == {
            "position": webhook.cursor + 2, "run": run.id, "root": run.id, "workflow": "hello", "tenant": "default",
            "principal": "local", "question": None, "to": None, "assignee": None, "content": {"state": "done"},
        }  # fmt: skip
        assert (await at.app.webhooks.get(webhook.id)).cursor == webhook.cursor + 4
        assert {state for _, state, _ in await at.deliveries(webhook)} == {DeliveryState.DELIVERED}


async def test_what_happened_while_nobody_delivered_is_told_later_and_nothing_twice() -> None:
    async with bench() as at:
        await at.hook()
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.took) == 2)
        await at.app.run(hello, "bob")
        async with at.delivering():
            await at.until(lambda: len(at.receivers.took) == 4)
        assert len({each_id for _, each_id, _ in at.receivers.took}) == len(at.receivers.tried) == 4


async def test_only_what_fits_is_told_to_whom() -> None:
    async with bench() as at:
        await at.hook("ends", types=["run_ended"])
        await at.hook("others", workflows=["oth*"])
        await at.hook("acme", tenant="acme")
        await at.hook("late")
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.app.run(other, "bob", tenant="acme")
            await at.until(lambda: len(at.receivers.types("late")) == 4)
            await at.until(lambda: len(at.receivers.took) == 10)
        assert at.receivers.types("ends") == ["run_ended"] * 2
        assert {said["data"]["workflow"] for to, _, said in at.receivers.took if to == "others"} == {"other"}
        assert {said["data"]["tenant"] for to, _, said in at.receivers.took if to == "acme"} == {"acme"}


async def test_values_are_told_only_to_who_asked_for_them_and_not_after_they_were_redacted() -> None:
    async with bench() as at:
        await at.hook("dry", types=["run_ended"])
        wet = await at.hook("wet", types=["run_ended"], values=True)
        async with at.delivering():
            run = await at.app.start(hello, "ann")
            await run.result()
            await at.until(lambda: len(at.receivers.took) == 2)
            told = {to: said["data"].get("value", "nothing") for to, _, said in at.receivers.took}
            assert told == {"dry": "nothing", "wet": "Hello, ann."}
            await at.app.operations.redact(run.id, why="asked to")
            (delivery,) = (await at.app.webhooks.deliveries(wet.id)).items
            assert b"ann" not in delivery.content
            await at.app.webhooks.redeliver(wet.id, delivery.id)
            await at.until(lambda: len(at.receivers.took) == 3)
        assert at.receivers.took[2][1] == at.receivers.took[1][1] or at.receivers.took[2][1] == at.receivers.took[0][1]
        assert at.receivers.took[2][2]["data"]["value"] is None


async def test_a_receiver_that_is_away_holds_back_its_own_and_is_told_all_in_order() -> None:
    async with bench() as at:
        webhook = await at.hook()
        await at.hook("well")
        at.receivers.answers = lambda to, _: AWAY_NOW if to.name == "shop" else DELIVERED
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.app.run(hello, "bob")
            await at.until(lambda: len(at.receivers.types("well")) == 4)
            for wait in (*AWAY, AWAY[-1]):
                before = len(at.receivers.tried)
                held = (await at.app.webhooks.get(webhook.id)).hold
                assert held is not None
                assert held.next_at == at.clock.now() + wait
                await at.clock.advance(wait - 0.5)
                assert len(at.receivers.tried) == before
                await at.clock.advance(0.5)
                await at.until(lambda before=before: len(at.receivers.tried) == before + 1)
                await at.clock.settle()
            at.receivers.answers = always(DELIVERED)
            await at.clock.advance(AWAY[-1])
            await at.until(lambda: len(at.receivers.types()) == 4)
        assert at.receivers.types() == ["run_started", "run_ended"] * 2
        assert len({each_id for to, each_id, _ in at.receivers.took if to == "shop"}) == 4
        assert (await at.app.webhooks.get(webhook.id)).hold is None


async def test_what_is_tried_again_and_what_is_new_take_turns() -> None:
    async with bench() as at:
        await at.hook()
        at.receivers.answers = always(REFUSED)
        async with at.delivering():
            for n in range(10):
                await at.app.run(hello, str(n))
            await at.until(lambda: len(at.receivers.tried) == 20)
            await at.clock.settle()
        await at.clock.advance(AGAIN[0])
        await at.app.run(hello, "new")
        async with at.delivering():
            await at.until(lambda: len(at.receivers.tried) == 42)
        again, new = set(at.receivers.tried[:20]), at.receivers.tried[20:24]
        assert len([each for each in new if each not in again]) == 2
        assert set(at.receivers.tried[24:]) < again


async def test_a_clock_that_was_set_back_has_nothing_wait_for_ever() -> None:
    async with bench() as at:
        webhook = await at.hook()
        year = at.clock.now() + 365 * 86_400.0
        await at.app.store.webhooks.hold(webhook.id, Hold(since=year, tries=3, next_at=year + 60.0, why="away"))
        ping = await at.app.webhooks.ping(webhook.id)
        await at.app.store.webhooks.put(replace(ping, tries=2, next_at=year))
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.took) == 3)
            await at.clock.settle()
        assert (await at.app.webhooks.get(webhook.id)).hold is None


async def test_a_receiver_may_say_how_long_it_is_away() -> None:
    async with bench() as at:
        webhook = await at.hook()
        at.receivers.answers = always(replace(AWAY_NOW, wait=600.0))
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.tried) == 1)
            await at.clock.settle()
            hold = (await at.app.webhooks.get(webhook.id)).hold
        assert hold is not None
        assert hold.next_at == at.clock.now() + 600.0


async def test_a_message_that_is_refused_holds_back_no_other_and_is_set_aside_in_the_end() -> None:
    async with bench() as at:
        webhook = await at.hook()
        at.receivers.answers = lambda _, it: REFUSED if it.position == webhook.cursor + 1 else DELIVERED
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: at.receivers.types() == ["run_ended"])
            for tries, wait in enumerate(AGAIN, start=1):
                assert len(at.receivers.tried) == tries + 1
                await at.clock.advance(wait)
                await at.until(lambda tries=tries: len(at.receivers.tried) == tries + 2)
            await at.clock.settle()
            refused = f"{webhook.id}-{webhook.cursor + 1}"
            found = await at.app.webhooks.delivery(webhook.id, refused)
            assert (found.state, found.tries, found.status) == (DeliveryState.SET_ASIDE, len(AGAIN) + 1, 500)
            await at.clock.advance(100_000)
            assert at.receivers.tried.count(refused) == len(AGAIN) + 1
            at.receivers.answers = always(DELIVERED)
            await at.app.webhooks.redeliver(webhook.id, refused)
            await at.until(lambda: at.receivers.types() == ["run_ended", "run_started"])
            await at.clock.settle()
        assert at.receivers.took[-1][1] == refused
        assert (await at.app.webhooks.delivery(webhook.id, refused)).state is DeliveryState.DELIVERED


async def test_who_wants_nothing_any_more_is_switched_off_and_who_was_away_too_long() -> None:
    async with bench(give_up=1_000.0) as at:
        webhook, tired = await at.hook(), await at.hook("tired")
        at.receivers.answers = lambda to, _: GONE if to.name == "shop" else AWAY_NOW
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.tried) == 2)
            await at.clock.advance(2_000)
            await at.clock.settle()
            assert ((await at.app.webhooks.get(webhook.id)).off or "").startswith("the receiver answered 410")
            assert "was away for" in ((await at.app.webhooks.get(tired.id)).off or "")
            before = len(at.receivers.tried)
            await at.app.run(hello, "bob")
            await at.clock.advance(10_000)
            assert len(at.receivers.tried) == before
            at.receivers.answers = always(DELIVERED)
            await at.app.webhooks.change(webhook.id, active=True)
            await at.until(lambda: len(at.receivers.types()) == 4)  # what it missed


async def test_who_takes_nothing_of_all_that_is_sent_for_days_is_switched_off_and_can_be_switched_on() -> None:
    async with bench(give_up=100_000.0) as at:
        webhook = await at.hook()
        at.receivers.answers = always(REFUSED)
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.tried) == 2)
            await at.clock.settle()
            first = (await at.app.webhooks.get(webhook.id)).refusals
            assert first is not None
            assert (first.tries, first.why) == (2, "the receiver answered 500")
            await at.clock.advance(200_000)  # both are set aside by then: 16 tries
            await at.clock.settle()
            found = await at.app.webhooks.get(webhook.id)
            assert found.off is None
            assert found.refusals == replace(first, tries=2 * (len(AGAIN) + 1))
            await at.app.run(hello, "bob")
            await at.clock.advance(AGAIN[0])
            await at.clock.settle()
            found = await at.app.webhooks.get(webhook.id)
            assert (found.off or "").startswith("its receiver took nothing for 2.3 days, of 20 tries: the receiver")
            [told] = [each for each in await at.app.reports.actions() if each.by == "podium"]
            assert (told.what, told.about, told.said["reason"]) == ("switch webhooks off", webhook.id, found.off)
            tried = len(at.receivers.tried)
            await at.clock.advance(1_000_000)
            assert len(at.receivers.tried) == tried == LEAST_REFUSED
            at.receivers.answers = always(DELIVERED)
            on = await at.app.webhooks.change(webhook.id, active=True)
            assert (on.off, (await at.app.webhooks.get(webhook.id)).refusals) == (None, None)
            await at.until(lambda: len(at.receivers.took) == 2)  # what was set aside stays so
        assert {state for _, state, _ in await at.deliveries(webhook)} == {*DeliveryState} - {DeliveryState.WAITING}


async def test_who_takes_something_now_and_then_stays_on() -> None:
    async with bench(give_up=1.0) as at:
        webhook = await at.hook()

        def answer(_webhook: Webhook, _delivery: WebhookDelivery) -> SendResult:
            return REFUSED if len(at.receivers.tried) % LEAST_REFUSED else DELIVERED

        at.receivers.answers = answer
        async with at.delivering():
            while len(at.receivers.tried) < 4 * LEAST_REFUSED:
                await at.app.webhooks.ping(webhook.id)
                await at.clock.advance(10)
                await at.clock.settle()
            found = await at.app.webhooks.get(webhook.id)
            assert (found.off, len(at.receivers.took)) == (None, len(at.receivers.tried) // LEAST_REFUSED)


async def test_a_slow_receiver_holds_up_no_other() -> None:
    async with bench() as at:
        await at.hook("slow")
        await at.hook()
        at.receivers.slow = "slow"
        at.receivers.open.clear()
        async with at.delivering():
            for name in ("ann", "bob", "eve"):
                await at.app.run(hello, name)
            await at.until(lambda: len(at.receivers.types()) == 6)
            assert at.receivers.types("slow") == []
            at.receivers.open.set()
            await at.until(lambda: len(at.receivers.types("slow")) == 6)


async def test_events_that_are_kept_no_more_are_told_of_as_lost() -> None:
    async with bench() as at:
        webhook = await at.hook()
        for name in ("ann", "bob"):
            await at.app.run(hello, name)
        await at.clock.advance(100.0)
        await at.app.run(hello, "eve")
        assert not await at.app.store.events.expire(at.clock.now() - 50.0)
        async with at.delivering():
            await at.until(lambda: len(at.receivers.took) == 3)
        assert at.receivers.types() == ["gone", "run_started", "run_ended"]
        assert at.receivers.took[0][2]["data"] == {"position": webhook.cursor + 4, "lost": 4}


async def test_a_ping_is_delivered_and_its_end_is_seen() -> None:
    async with bench() as at:
        webhook = await at.hook()
        async with at.delivering():
            ping = await at.app.webhooks.ping(webhook.id)
            await at.until(lambda: at.receivers.types() == ["ping"])
            await at.clock.settle()
        assert (await at.app.webhooks.delivery(webhook.id, ping.id)).state is DeliveryState.DELIVERED


async def test_of_several_that_deliver_one_does_and_another_takes_its_place(tmp_path: Any) -> None:
    clock = DrivenClock()
    path = tmp_path / "desk.db"
    settings: dict[str, Any] = {"clock": clock, "webhooks": SETTINGS, "lease": 0.4, "poll": 0.05}
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(App.open(path, agents=[hello], **settings)) for _ in range(2)]
        benches = [Bench(app, clock) for app in apps]
        blocks = [AsyncExitStack() for _ in benches]
        await benches[0].hook()
        for block, each in zip(blocks, benches, strict=True):
            await block.enter_async_context(each.delivering())
        await apps[0].run(hello, "ann")
        await clock.until(lambda: sum(len(each.receivers.took) for each in benches) == 2)
        first = next(n for n, each in enumerate(benches) if each.receivers.took)
        assert benches[1 - first].receivers.tried == []
        await blocks[first].aclose()
        await apps[0].run(hello, "bob")
        await clock.until(lambda: len(benches[1 - first].receivers.took) == 2)
        await blocks[1 - first].aclose()
        assert len({each_id for each in benches for _, each_id, _ in each.receivers.took}) == 4


async def test_while_the_store_cannot_note_what_was_sent_nothing_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench() as at:
        await at.hook()
        for name in ("advance", "hold", "put"):
            real: Any = getattr(TableWebhooks, name)
            failures: list[Exception] = [StoreBusy("busy") for _ in range(3)]

            async def fail(book: Any, *said: Any, real: Any = real, failures: Any = failures) -> Any:
                if failures:
                    raise failures.pop()
                return await real(book, *said)

            monkeypatch.setattr(TableWebhooks, name, fail)
        answers = iter([AWAY_NOW, REFUSED])
        at.receivers.answers = lambda _, __: next(answers, DELIVERED)
        async with at.delivering():
            await at.app.run(hello, "ann")
            for seconds in (*[1.0] * 3, AWAY[0], *[1.0] * 3, *AGAIN[:1], *[1.0] * 3):
                await at.clock.settle()
                await at.clock.advance(seconds)
            await at.until(lambda: len(at.receivers.took) == 2)
            await at.clock.settle()
        started, ended = sorted(set(at.receivers.tried))
        assert at.receivers.tried == [started, started, ended, started]


async def test_what_cannot_be_put_together_holds_back_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> Any:
        raise LookupError("no such part")

    monkeypatch.setattr("podium.operations.webhooks.messages.last_of", broken)
    async with bench() as at:
        webhook = await at.hook(values=True)
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.app.run(hello, "bob")
            await at.until(lambda: len(at.receivers.took) == 2)
            await at.clock.settle()
        assert at.receivers.types() == ["run_started"] * 2
        assert sorted(await at.deliveries(webhook))[:2] == [("run_ended", DeliveryState.WAITING, 1)] * 2
    assert "cannot be put together" in caplog.text


async def test_a_webhook_that_is_told_nothing_for_long_has_lost_nothing() -> None:
    async with bench() as at:
        webhook = await at.hook(types=["question_*"])
        async with at.delivering():
            for name in ("ann", "bob", "eve"):
                await at.app.run(hello, name)
                await at.clock.settle()
                await at.clock.advance(61.0)
            await at.app.run(hello, "zoe")
            last = await at.app.store.events.last()
            await at.clock.settle()
            assert (await at.app.webhooks.get(webhook.id)).cursor >= last - 2
        await at.clock.advance(100.0)
        await at.app.store.events.expire(at.clock.now() - 50.0)
        await at.app.run(hello, "late")
        async with at.delivering():
            await at.app.run(hello, "later")
            await at.clock.settle()
        assert at.receivers.types() == []


@pytest.mark.parametrize("again", [False, True])
async def test_what_people_ask_for_is_tried_at_once_though_the_receiver_was_away(*, again: bool) -> None:
    async with bench() as at:
        webhook = await at.hook()
        async with at.delivering():
            await at.app.run(hello, "ann")
            await at.until(lambda: len(at.receivers.took) == 2)
            at.receivers.answers = always(AWAY_NOW)
            await at.app.run(hello, "bob")
            for wait in AWAY:
                await at.clock.settle()
                await at.clock.advance(wait)
            await at.clock.settle()
            before, held = len(at.receivers.tried), (await at.app.webhooks.get(webhook.id)).hold
            assert held is not None
            for n, answers in enumerate((always(AWAY_NOW), always(DELIVERED))):
                at.receivers.answers = answers
                if again:
                    await at.app.webhooks.redeliver(webhook.id, at.receivers.took[n][1])
                else:
                    await at.app.webhooks.ping(webhook.id)
                await at.until(lambda before=before: len(at.receivers.tried) > before)
                before += 1
                await at.clock.settle()
                now = (await at.app.webhooks.get(webhook.id)).hold
                assert answers(webhook, None) is DELIVERED or (now is not None and now.since == held.since)  # type: ignore[arg-type]
            await at.until(lambda: len(at.receivers.took) >= 5)
            await at.clock.settle()
            assert (await at.app.webhooks.get(webhook.id)).hold is None


async def test_changes_at_the_same_time_undo_none_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench() as at:
        webhook = await at.hook()
        real, others = TableWebhooks.change, list[Callable[[], Any]]()

        async def late(book: TableWebhooks, *said: Any) -> bool:
            if others:
                await others.pop()()
            return await real(book, *said)

        monkeypatch.setattr(TableWebhooks, "change", late)
        others.append(lambda: at.app.webhooks.rotate(webhook.id))
        await at.app.webhooks.change(webhook.id, name="till")
        others.append(lambda: at.app.store.webhooks.switch_off(webhook.id, "gone"))
        await at.app.webhooks.change(webhook.id, values=True)
        others.append(lambda: at.app.webhooks.change(webhook.id, types=["run_*"]))
        await at.app.webhooks.rotate(webhook.id)
        found = await at.app.webhooks.get(webhook.id)
        assert (found.name, found.values, found.types, found.off) == ("till", True, ("run_*",), "gone")
        assert found.signing.secret == "made:3"
        others.append(lambda: at.app.webhooks.rotate(webhook.id))
        with pytest.raises(NotPossible, match="another secret just now"):
            await at.app.webhooks.rotate(webhook.id)
        others.append(lambda: at.app.webhooks.delete(webhook.id))
        with pytest.raises(UnknownWebhook):
            await at.app.webhooks.change(webhook.id, name="gone")


async def test_a_store_that_fails_for_a_while_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench() as at:
        await at.hook()
        real, failures = TableWebhooks.advance, [StoreBusy("busy"), StoreBusy("busy")]

        async def advance(book: TableWebhooks, *said: Any) -> bool:
            if failures:
                raise failures.pop()
            return await real(book, *said)

        monkeypatch.setattr(TableWebhooks, "advance", advance)
        async with at.delivering():
            await at.app.run(hello, "ann")
            for _ in range(2):
                await at.until(lambda: len(at.receivers.tried) >= 1)
                await at.clock.advance(1.0)
            await at.until(lambda: "run_ended" in at.receivers.types())
        assert len(set(at.receivers.tried)) == 2
