"""A bare FastAPI app beside which the server is measured: it answers as much from memory, over the same uvicorn.

`python -m benchmarks.server.bare` prints its address. Its streams send on a timer what a viewer of the server is sent.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from benchmarks.server import program
from podium.server.running import listen

app = FastAPI()
_NUMBERS = itertools.count()
_RUN: dict[str, Any] = {
    "id": "run_0123456789abcdef", "workflow": "tale", "version": "1", "state": "running", "epoch": 1,
    "queue": "default", "priority": 0, "created_at": "2026-12-01T08:00:00.000Z", "ended_at": None, "wake_at": None,
    "parent": None, "root": "run_0123456789abcdef", "tenant": "default", "principal": "load", "facts": 12,
    "owner": "worker_0123456789", "reason": "", "tag": None, "blocked": None, "crash_count": 0, "generation": 1,
    "since": 0,
}  # fmt: skip
_NODE: dict[str, Any] = {
    "key": "1", "kind": "call", "name": "tell", "state": "done", "began": "2026-12-01T08:00:00.000Z", "ended": None,
    "attempts": 1, "note": "", "traceback": "", "waits": "", "due": None, "notices": [], "run": None, "question": None,
    "input_tokens": 0, "output_tokens": 0, "usd": None,
}  # fmt: skip
_EVENT = (
    b"id: %d\nevent: %s\ndata: " + json.dumps({**_RUN, "content": {"text": "part1word1 "}})[:330].encode() + b"\n\n"
)
_SYSTEM_EVENTS_A_SECOND = 22


class Start(BaseModel):
    """What is to be run."""

    workflow: str
    input: Any = None


def _list(count: int) -> dict[str, Any]:
    return {"items": [_RUN] * count, "cursor": None}


@app.post("/runs", status_code=201)
async def start(body: Start) -> dict[str, Any]:
    return {**_RUN, "id": f"run_{next(_NUMBERS)}", "workflow": body.workflow}


@app.get("/runs")
async def runs(limit: int = 50) -> dict[str, Any]:
    return _list(limit)


@app.get("/runs/{run}")
async def shown(run: str) -> dict[str, Any]:
    return {"run": {**_RUN, "id": run}, "calls": [_NODE] * 7}


@app.get("/runs/{run}/facts")
async def facts(run: str) -> list[dict[str, Any]]:
    return [_NODE] * 16


@app.get("/questions")
@app.get("/budgets")
async def few() -> dict[str, Any]:
    return _list(3)


@app.get("/agents")
@app.get("/workers")
@app.get("/costs")
async def short() -> dict[str, Any]:
    return _list(1)


@app.get("/events")
async def events() -> StreamingResponse:
    async def told() -> AsyncIterator[bytes]:
        for number in itertools.count(1):
            yield _EVENT % (number, b"run_started")
            await asyncio.sleep(1 / _SYSTEM_EVENTS_A_SECOND)

    return StreamingResponse(told(), media_type="text/event-stream")


@app.get("/runs/{run}/events")
async def run_events(run: str) -> StreamingResponse:
    async def told() -> AsyncIterator[bytes]:
        for number in range(1, program.PARTS * program.WORDS):
            yield _EVENT % (number, b"text_delta")
            await asyncio.sleep(program.PAUSE)
        yield _EVENT % (program.PARTS * program.WORDS, b"run_ended")

    return StreamingResponse(told(), media_type="text/event-stream")


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    listening = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    await server.serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main())
