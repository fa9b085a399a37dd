"""How bodies are answered: as JSON in which no secret shows that this process knows."""

import json
from typing import Any

import orjson
from fastapi.responses import JSONResponse

from podium.secrets.masking import MASKING


def masked_json(body: Any) -> bytes:
    """Return a JSON value as it is sent; half of a surrogate pair, which somebody sent, is escaped as it was."""
    masked = MASKING.json(body)
    try:
        return orjson.dumps(masked)
    except TypeError:
        return json.dumps(masked, allow_nan=False).encode()


class MaskedJson(JSONResponse):
    """A body as JSON, with `***` for each secret in it."""

    def render(self, content: Any) -> bytes:
        """Return a body as it is sent."""
        return masked_json(content)
