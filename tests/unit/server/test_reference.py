"""The reference of the API is made of the document: `python -m tests.unit.server.test_reference` writes it anew."""

import asyncio
from pathlib import Path
from typing import Any

from podium.server.callers import READS, STARTS
from podium.server.routes.inbox import ANSWERS
from tests.unit.server.conftest import Serving, serving
from tests.unit.server.desk import DESK

PAGE = Path(__file__).parents[3] / "docs/reference/http.md"
HEAD = """# HTTP API

What [`podium serve`](../how-to/serve.md) answers. The [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0) document,
with all parameters, bodies, statuses and an example of each body, is at `/api/v1/openapi.json`. This page is of it.

- **Bodies** are JSON. Times are in ISO 8601, UTC. What a body that is sent has too many is refused.
- **Lists** are answered as `{"items": […], "cursor": …}`. The next page is asked for with `?cursor=`; on the last one
  `cursor` is null. `tenant`, `principal`, `since`, `until`, `tag`, `text` and `limit` mean the same in each.
- **Errors** are problems of [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`: `type`,
  `title`, `status`, `detail` (what was expected, and what to do next), `code` (one of the [errors](errors.md), for
  programs) and `errors` (what does not fit, field by field). 400: not to be read. 401: not signed in. 403: a role is
  missing. 404: there is no such thing, or not for whoever asks. 409: not possible as things stand. 422: a value does
  not fit. 429: too many requests. 503: the store is away; try again after `Retry-After` seconds.
- **Again**: what becomes of a change that is sent again, where nobody knows whether the first request arrived; in the
  document it is `x-again`. `same`: nothing more is changed. `key`: nothing more is, where it has the same
  `Idempotency-Key`, 1 to 200 characters, from the same person or program; with another content under the same key it
  is refused with 409. `id`: the same by an `id` in the body. `refused`: it is refused, with 404 or 409, and changes
  nothing more. `another`: it may be done another time, so look first: a second key, delegation or webhook ping.
- **Who** may use a route is in its last column. `everyone` is who is signed in, `starters` who may start runs, and
  `answerers` all but a mere `viewer`, each for what they may see; `public` takes no sign-in. All others are
  [roles](../how-to/serve-several-tenants.md#roles). See [sign in](../how-to/sign-in.md).
"""
_COLUMNS = "| Route | What it does | Again | Who |\n| --- | --- | --- | --- |\n"
_GROUPS = {READS: "everyone", STARTS: "starters", ANSWERS: "answerers"}


def page(document: dict[str, Any]) -> str:
    """Return the page that a document makes."""
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            told = route["description"].partition("\n")[0]
            roles = tuple(route.get("x-roles", ()))
            who = _GROUPS.get(roles, ", ".join(roles))
            row = f"| `{method.upper()} {path}` | {told} | {route.get('x-again', '')} | {who} |\n"
            tags.setdefault(route["tags"][0], []).append(row)
    return HEAD + "".join(f"\n## {tag[0].upper()}{tag[1:]}\n\n{_COLUMNS}{''.join(rows)}" for tag, rows in tags.items())


async def test_the_reference_is_what_the_document_says(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    assert PAGE.read_text(encoding="utf-8") == page(document), f"run: python -m {__name__}"


async def _write() -> None:
    async with serving(*DESK) as client:
        PAGE.write_text(page((await client.get("/openapi.json")).json()), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
