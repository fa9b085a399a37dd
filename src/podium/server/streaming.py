"""Answers that are given line by line."""

import json
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from podium.model.json import Json
from podium.secrets.masking import MASKING


async def streamed(lines: AsyncIterator[str], media: str) -> StreamingResponse:
    """Return lines of text as an answer; what is wrong before the first of them is raised here."""
    first = await anext(lines, None)

    async def given() -> AsyncIterator[str]:
        if first is not None:
            yield f"{MASKING.text(first)}\n"
            async for line in lines:
                yield f"{MASKING.text(line)}\n"

    return StreamingResponse(given(), media_type=media)


async def as_json(values: AsyncIterator[Json]) -> AsyncIterator[str]:
    """Give each value as one line of JSON."""
    async for value in values:
        yield json.dumps(value, ensure_ascii=False)
