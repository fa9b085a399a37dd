"""A model that is scripted, in a process of its own: `python -m benchmarks.scripted_model USES` prints its address.

It speaks as much of OpenAI's protocol as an agent with one tool needs: it uses the tool until that many results are in
the conversation, then it answers. What it says is ready before, so that it takes little of the machine.
"""

import asyncio
import json
import sys

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def answer(uses: int, n: int) -> bytes:
    """Return the whole answer to a request in which `n` results are told."""
    message: dict[str, object] = {"role": "assistant", "content": "done" if n == uses else None}
    if n < uses:
        call = {"name": "look", "arguments": json.dumps({"n": n})}
        message["tool_calls"] = [{"id": f"call-{n}", "type": "function", "function": call}]
    choice = {"index": 0, "finish_reason": "stop" if n == uses else "tool_calls", "message": message}
    told = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [choice],
        "usage": USAGE,
    }
    body = json.dumps(told).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main(uses: int) -> None:
    """Serve until this process is ended."""
    answers = [answer(uses, n) for n in range(uses + 1)]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                told = json.loads(body)["messages"]
                writer.write(answers[sum(each["role"] == "tool" for each in told)])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
