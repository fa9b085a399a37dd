"""What is sent goes where it may, signed, once, and what is answered is understood."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from podium.errors import InvalidValue
from podium.model.clock import SystemClock
from podium.model.webhooks import DeliveryState, Signing, Webhook, WebhookDelivery, WebhookSettings
from podium.operations.webhooks import sending
from podium.operations.webhooks.addresses import is_allowed
from podium.operations.webhooks.sending import Sender, SendResult, Verdict
from podium.operations.webhooks.subscriptions import check, secret_named, secrets_of
from podium.webhooks import verify

HERE = WebhookSettings(key="a long secret", allow=["127.0.0.0/8", "::1/128"], timeout=5.0)
WEBHOOK = Webhook(
    id="hook_1",
    name="shop",
    url="",
    tenant=None,
    signing=Signing(secret="made:1"),
    made_at=0.0,
    made_by="ann",
    cursor=0,
)
DELIVERY = WebhookDelivery(
    id="hook_1-1", webhook="hook_1", type="ping", content=b"{}", state=DeliveryState.WAITING, at=0.0
)
BODY = b'{"type":"ping","timestamp":"2023-11-14T22:13:20.000+00:00","data":{}}'


class Receiver:
    """Answers every request with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.connections = 0
        self.tasks: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = head.split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
                }
                self.paths.append(lines[0].split()[1])
                self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
                writer.write(self.answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving(answer: bytes) -> AsyncGenerator[tuple[Receiver, Callable[..., Any]]]:
    """Serve, and give what sends there."""
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def send(settings: WebhookSettings = HERE, host: str = "127.0.0.1", times: int = 1) -> SendResult:
        webhook = replace(WEBHOOK, url=f"http://{host}:{port}/hooks?of=shop")
        async with Sender(settings, SystemClock()) as sender:
            tried = [await sender.send(webhook, DELIVERY, BODY) for _ in range(times)]
        return tried[-1]

    try:
        yield receiver, send
    finally:
        server.close()
        for task in receiver.tasks:
            await asyncio.wait_for(task, 5)


def answer(status: int, *headers: str, body: bytes = b"ok") -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def test_what_is_sent_is_verified_by_who_has_the_secret_and_connections_are_kept() -> None:
    async with receiving(answer(204, body=b"")) as (receiver, send):
        assert await send(times=3) == SendResult(verdict=Verdict.DELIVERED, status=204)
    assert (len(receiver.requests), receiver.connections) == (3, 1)
    headers, body = receiver.requests[0]
    assert verify(body, headers, secret_named("made:1", "hook_1", HERE)).id == "hook_1-1"
    assert (headers["content-type"], receiver.paths[0]) == ("application/json", "/hooks?of=shop")
    assert headers["user-agent"].startswith("podium/")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED), (202, Verdict.DELIVERED), (301, Verdict.REFUSED), (307, Verdict.REFUSED),
        (400, Verdict.REFUSED), (404, Verdict.REFUSED), (408, Verdict.AWAY), (410, Verdict.GONE), (425, Verdict.AWAY),
        (429, Verdict.AWAY), (500, Verdict.REFUSED), (502, Verdict.AWAY), (503, Verdict.AWAY), (504, Verdict.AWAY),
    ],
)  # fmt: skip
async def test_each_status_means_one_thing_and_no_redirect_is_followed(status: int, verdict: Verdict) -> None:
    async with receiving(answer(status, "Location: /elsewhere")) as (receiver, send):
        tried = await send()
    assert (tried.verdict, tried.status, receiver.paths) == (verdict, status, ["/hooks?of=shop"])


async def test_a_receiver_says_how_long_to_wait_but_not_for_ever() -> None:
    for said, wait in (("120", 120.0), ("99999999", 86_400.0), ("nonsense", 0.0)):
        async with receiving(answer(503, f"Retry-After: {said}")) as (_, send):
            assert (await send()).wait == wait


async def test_an_answer_that_is_long_is_not_read_to_its_end() -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    async with receiving(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 5) as (_, send):
        assert (await send()).verdict is Verdict.DELIVERED  # though its end never comes


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 9000\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\nno size\r\n", b"Content-Length: 9\r\n\r\n"],
)
async def test_the_status_counts_whatever_becomes_of_the_body(rest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_LONGEST_READ", 0.05)
    for status, verdict in ((200, Verdict.DELIVERED), (503, Verdict.AWAY), (410, Verdict.GONE), (400, Verdict.REFUSED)):
        async with receiving(b"HTTP/1.1 %d X\r\n" % status + rest) as (_, send):
            tried = await send()
        assert (tried.verdict, tried.status) == (verdict, status)


async def test_an_address_that_leads_nowhere_leaves_time_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    backend: Any = httpcore.AnyIOBackend
    connect = backend.connect_tcp

    async def half(self: Any, host: str, port: int, limit: float | None = None, *rest: Any) -> Any:
        tried.append(host)
        if host != "127.0.0.1":
            assert limit is not None
            await asyncio.sleep(limit)  # what is sent there comes nowhere
            raise httpcore.ConnectTimeout
        return await connect(self, host, port, limit, *rest)

    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(backend, "connect_tcp", half)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    async with receiving(answer(204, body=b"")) as (_, send):
        assert (await send(replace(HERE, timeout=0.4))).verdict is Verdict.DELIVERED
    assert tried == ["127.0.0.9", "127.0.0.1"]


@pytest.mark.parametrize("wrong", [RuntimeError("no reason"), OSError("broken"), ValueError("a name"), KeyError("x")])
async def test_whatever_fails_while_it_is_sent_says_that_the_receiver_is_away(
    wrong: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise wrong

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", fail)
    async with receiving(b"") as (_, send):
        tried = await send()
    assert tried == SendResult(verdict=Verdict.AWAY, why=f"{type(wrong).__name__}: {wrong}")


@pytest.mark.parametrize("host", ["a..example.org", f"{'a' * 64}.example.org", ".example.org"])
async def test_a_name_that_none_can_have_is_refused_and_leads_nowhere_where_it_is_kept(host: str) -> None:
    webhook = replace(WEBHOOK, url=f"https://{host}/")
    with pytest.raises(InvalidValue, match="expected an address"):
        check(webhook, HERE)
    async with Sender(HERE, SystemClock()) as sender:
        tried = await sender.send(webhook, DELIVERY, BODY)
    assert tried.verdict is Verdict.AWAY
    assert "leads nowhere" in tried.why


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_settings_say() -> None:
    async with receiving(b"") as (_, send):
        tried = await send(replace(HERE, timeout=0.05))
    assert (tried.verdict, tried.why) == (Verdict.AWAY, "no answer within 0.05 s")


@pytest.mark.parametrize("garbage", [b"SSH-2.0\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100])
async def test_what_is_no_http_says_that_the_receiver_is_away(garbage: bytes) -> None:
    async with receiving(garbage) as (_, send):
        tried = await send(replace(HERE, timeout=0.2))
    assert tried.verdict is Verdict.AWAY


async def test_nobody_there_a_name_that_leads_nowhere_and_a_secret_that_is_not_set_say_that_it_is_away() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    async with Sender(HERE, SystemClock()) as sender:
        for webhook in (
            replace(WEBHOOK, url=f"http://127.0.0.1:{port}/"),
            replace(WEBHOOK, url="https://no-such-host.invalid/"),
            replace(WEBHOOK, url="http://127.0.0.1/", signing=Signing(secret="env:PODIUM_NO_SUCH_SECRET")),
        ):
            tried = await sender.send(webhook, DELIVERY, BODY)
            assert tried.verdict is Verdict.AWAY
            assert tried.why


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_reached_by_no_name_unless_it_is_allowed(host: str) -> None:
    async with receiving(answer(200)) as (receiver, send):
        tried = await send(WebhookSettings(key="k"), host=host)
    assert (tried.verdict, receiver.connections) == (Verdict.AWAY, 0)
    assert "[podium.webhooks] does not allow it" in tried.why, tried.why


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.0.0.1", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False),
        ("127.0.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False),
        ("fe80::1", False), ("fc00::1", False), ("ff02::1", False), ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True), ("64:ff9b::a00:1", False), ("64:ff9b::5db8:d822", True),
        ("2002:a00:1::1", False), ("::a00:1", False), ("::ffff:0:a00:1", False), ("64:ff9b:1::a00:1", False),
        ("fec0::2", False), ("5f00::1", False), ("4000::1", False), ("2001:0:a00:1::", False), ("2a00:1450::1", True),
    ],
)  # fmt: skip
def test_only_the_internet_is_allowed_by_itself(address: str, *, allowed: bool) -> None:
    assert is_allowed(ip_address(address), WebhookSettings(), plain=False) is allowed


def test_networks_are_allowed_by_setting_and_without_tls_only_this_machine() -> None:
    inside = WebhookSettings(allow=["10.0.0.0/8", "127.0.0.1/32"])
    found = {
        (address, plain): is_allowed(ip_address(address), inside, plain=plain)
        for address in ("10.1.2.3", "127.0.0.1", "127.0.0.2", "93.184.216.34", "192.168.0.1")
        for plain in (False, True)
    }
    assert {each for each, allowed in found.items() if allowed} == {
        ("10.1.2.3", False), ("127.0.0.1", False), ("127.0.0.1", True), ("93.184.216.34", False)
    }  # fmt: skip
    assert is_allowed(ip_address("10.1.2.3"), replace(inside, http=True), plain=True)


def test_a_secret_is_made_anew_of_the_key_and_the_former_one_signs_until_its_time() -> None:
    signing = Signing(secret="made:2", former="made:1", former_until=100.0)
    first, second = (secret_named(f"made:{n}", "hook_1", HERE) for n in (1, 2))
    assert secrets_of(replace(WEBHOOK, signing=signing), HERE, 99.0) == [second, first]
    assert secrets_of(replace(WEBHOOK, signing=signing), HERE, 100.0) == [second]
    assert (
        len(
            {
                first,
                second,
                secret_named("made:1", "hook_2", HERE),
                secret_named("made:1", "hook_1", replace(HERE, key="x")),
            }
        )
        == 4
    )
