"""Messages reach a mail server and a web hook, with apprise, and say what went wrong."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from podium import App, Approval, Context, workflow
from podium.model.notify import NotifySettings
from podium.operations.notify import sending
from podium.operations.notify.sending import MessageSender, address_digest


@workflow
async def letter(ctx: Context) -> Any:
    return (await ctx.ask(Approval("Schönen Gruß senden?"), to="ann")).approved


class Letters:
    """Takes mail."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        found = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        self.came.put_nowait(found)
        return "250 OK"


@asynccontextmanager
async def mail_server() -> AsyncGenerator[tuple[Letters, int]]:
    letters = Letters()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(letters, hostname="localhost", loop=loop), "127.0.0.1", 0)
    try:
        yield letters, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextmanager
def hook(status: int) -> Generator[tuple[list[dict[str, Any]], str]]:
    """Give what a server of web hooks is sent, and its address."""
    came: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield came, f"json://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_question_reaches_a_mailbox_with_a_link_that_answers(
    tmp_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server() as (letters, port):
        address = f"mailto://127.0.0.1:{port}?from=podium@example.org&to=ann@example.org&mode=insecure"
        monkeypatch.setenv("ANN_MAIL", address)
        monkeypatch.setattr(socket, "getfqdn", lambda: "desk.localhost")  # else the name of this machine is looked up
        told = NotifySettings(to={"ann": ["env:ANN_MAIL"]}, digest=0)
        async with App.open(tmp_store, agents=[letter], notify=told) as app:
            handle = await app.start(letter)
            async with asyncio.timeout(120):  # it came, or never will
                mail = await letters.came.get()
            body = mail.get_body(("plain",))
            assert body is not None
            assert "Schönen Gruß senden?" in str(mail["subject"])
            assert mail["to"] == "ann@example.org"
            token = body.get_content().partition("/answer/")[2].split()[0]
            linked = await app.inbox.linked(token)
            assert linked.link.person == "ann"
            await linked.answer({"approved": True})
            assert await handle.result() is True


async def test_what_a_service_refuses_is_said_and_what_it_takes_is_not() -> None:
    with hook(200) as (came, good), hook(503) as (refused, bad):
        sender = MessageSender({"notify.default": [good, bad]})
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, sender.send, address_digest(good), "A title", "A body") == ""
        assert (came[0]["title"], came[0]["message"]) == ("A title", "A body")
        assert "503" in await loop.run_in_executor(None, sender.send, address_digest(bad), "A title", "A body")
        assert len(refused) == 1


async def test_a_gateway_that_never_ends_its_answer_is_given_up_and_holds_one_thread_and_no_other_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "_LONGEST", 0.3)
    connected, ends = threading.Event(), threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = server.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
        connected.set()
        with connection, suppress(OSError):
            while not ends.wait(0.02):
                connection.sendall(b"x")

    slow = f"json://127.0.0.1:{server.getsockname()[1]}/"
    thread = threading.Thread(target=trickle)
    thread.start()
    with hook(200) as (came, good):
        sender = MessageSender({"notify.default": [slow, good]})

        async def send(address: str) -> str:
            return await asyncio.to_thread(sender.send, address_digest(address), "A title", "A body")

        said = [await send(slow) for _ in range(3)]
        assert connected.is_set()
        assert said == ["no answer within 0.3 s", *["what was sent there before has not ended yet"] * 2]
        under_way = [each for each in threading.enumerate() if each.name == "podium-notify"]
        assert [each.daemon for each in under_way] == [True]
        assert await send(good) == ""
        assert len(came) == 1
        ends.set()
        await asyncio.to_thread(thread.join)
        await asyncio.to_thread(under_way[0].join)
        server.close()
        assert "not ended yet" not in await send(slow)
