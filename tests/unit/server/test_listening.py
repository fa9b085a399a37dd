"""The socket that the server listens on."""

import asyncio
import socket

from podium.server.running import listen


async def test_an_answer_in_two_parts_is_not_kept_back_until_the_first_is_acknowledged() -> None:
    found = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = listen("127.0.0.1", 0)
    async with await asyncio.start_server(take, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await found
        writer.close()
        await writer.wait_closed()
