"""How providers misbehave: what they say with a status, in HTTP, and with their connections."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace

from podium.model.json import Json
from tests.e2e.models.answers import (
    EVENTS,
    Behaviour,
    always,
    answer,
    body_of,
    cut_at,
    error,
    error_body,
    good,
    head,
    head_of,
    in_pieces,
)
from tests.e2e.models.rude import Answer, End, Piece

DAY = "86400"
LONG = 30.0
"""Seconds for which no test waits."""
SHORT = 1.5
"""Seconds that some answers may be silent, or take."""


def both(name: str, answers: Answer, reason: str = "") -> Behaviour:
    """Behave so, whether a stream is asked for or not."""
    return Behaviour(name=name, whole=answers, streamed=answers, reason=reason)


def _quota() -> Answer:
    body = error_body("You exceeded your current quota.", "insufficient_quota")
    return always(answer(json.dumps(body), 429))


def _redirect(status: int, *, to_itself: bool) -> Answer:
    def away(asked: Json) -> Sequence[Piece]:
        place = f"/v1/chat/completions?{asked['model']}" if to_itself else f"/elsewhere?{asked['model']}"
        return [answer("", status, location=place)]

    return away


def _with(**headers: str) -> Answer:
    def told(asked: Json) -> Sequence[Piece]:
        start = head_of(asked).removesuffix(b"\r\n")
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return [start + more.encode("latin-1") + b"\r\n" + body_of(asked)]

    return told


def _kind(asked: Json) -> str:
    return EVENTS if asked.get("stream") else "application/json"


def _sent(body: bytes, asked: Json, **headers: str) -> Sequence[Piece]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [head(200, {"content-type": _kind(asked), **named}), body]


def _chunked(asked: Json, size: str) -> Sequence[Piece]:
    body = body_of(asked)
    framed = f"{size or f'{len(body):x}'}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return _sent(framed, asked, transfer_encoding="chunked")


def _halves(body: bytes) -> Sequence[bytes]:
    return [body[: len(body) // 2], body[len(body) // 2 :]]


def _by_length(asked: Json, more: int, *then: Piece) -> Sequence[Piece]:
    body = body_of(asked)
    return [*_sent(body, asked, content_length=str(len(body) + more)), *then]


PAGE = "<html><body>Bad gateway</body></html>"

STATUSES = (
    *(both(f"status {status}", error(status)) for status in (400, 401, 402, 403, 404, 405, 408, 409, 413, 422, 451)),
    both("429", error(429)),
    both("429, the quota is used up", _quota(), "no wait fills a quota; a [fallback](../how-to/fall-back.md) is taken"),
    both("429, `retry-after-ms: 30`", error(429, retry_after_ms="30")),
    both("429, `Retry-After` of a day", error(429, retry_after=DAY)),
    both("429, `Retry-After` is no time", error(429, retry_after="soon")),
    both("429, `Retry-After` is negative", error(429, retry_after="-5")),
    both("429, `x-ratelimit-reset-tokens: 30ms`", error(429, x_ratelimit_reset_tokens="30ms")),
    both('429, "try again in 30ms"', error(429, "Please try again in 30ms.")),
    *(both(f"status {status}", error(status)) for status in (500, 501, 502, 503, 504, 520, 529)),
    both("500, a page", always(answer(PAGE, 500, "text/html"))),
    both("500, nothing", always(answer("", 500))),
    both("503, `retry-after-ms: 30`", error(503, retry_after_ms="30")),
    both("400, the body is no JSON", always(answer(PAGE, 400))),
    both("302 to itself", _redirect(302, to_itself=True)),
    both("307 to itself", _redirect(307, to_itself=True)),
    both("307 without a place", always(answer("", 307))),
    both("204, nothing", always(head(204, {}))),
    both("100 and 103 before the answer", lambda asked: [head(100, {}), head(103, {"link": "</x>"}), *good(asked)]),
)  # fmt: skip

HTTP = (
    both("the body is compressed", lambda asked: _by_gzip(gzip.compress(body_of(asked)), asked)),
    both("the body is said to be compressed, and is not", lambda asked: _by_gzip(body_of(asked), asked)),
    both("the compressed body is cut", lambda asked: _by_gzip(gzip.compress(body_of(asked))[:-20], asked)),
    both("a compression that nobody knows", _with(content_encoding="none-of-these")),
    both("cookies", _with(set_cookie="a=b; Path=/")),
    both("another content type", lambda asked: [answer(body_of(asked), kind="text/plain")]),
    both("no content type", lambda asked: [head(200, {"content-length": str(len(body_of(asked)))}), body_of(asked)]),
    both("a header of 90 kB", _with(x_long="x" * 90_000)),
    both("a header that is no header", always(head(200, {}).removesuffix(b"\r\n"), b"banana\r\n\r\n", End())),
    both("the status line is no status line", always(b"BANANA\r\n\r\n", End())),
    both("an answer in chunks", lambda asked: _chunked(asked, "")),
    both("a chunk whose size is no number", lambda asked: _chunked(asked, "zz")),
    both("a chunk that is shorter than it says", lambda asked: [*_chunked(asked, "ffff"), End()]),
    both("the length is more than is sent", lambda asked: _by_length(asked, 50, End())),
    both("the length is less than is sent", lambda asked: _by_length(asked, -30, End())),
    both("no length: the connection ends the answer", lambda asked: [*_sent(body_of(asked), asked), End()]),
    both("the connection is closed after each answer, unsaid", lambda asked: [*good(asked), End()]),
)  # fmt: skip


def _by_gzip(body: bytes, asked: Json) -> Sequence[Piece]:
    return _sent(body, asked, content_encoding="gzip", content_length=str(len(body)))


def _dripping(asked: Json) -> Sequence[Piece]:
    return [head(200, {"content-type": _kind(asked)}), *[b" ", 0.05] * int(20 * LONG)]


CONNECTIONS = (
    both("closed before the answer", always(End())),
    both("torn off before the answer", always(End(torn=True))),
    both("closed in the head", lambda asked: [head_of(asked)[:20], End()]),
    both("closed after the head", cut_at(0)),
    both("closed at a quarter", cut_at(0.25)),
    both("closed at a half", cut_at(0.5)),
    both("closed just before the end", cut_at(0.97)),
    both("torn off at a half", cut_at(0.5, torn=True)),
    both("slow to begin", lambda asked: [0.2, *good(asked)]),
    both("slow in the middle", in_pieces(_halves, 0.2)),
    both("one byte after the other", in_pieces(lambda body: [body[n : n + 1] for n in range(len(body))], 0.0)),
    replace(both("never answers", always(LONG)), silence=SHORT),
    replace(
        both("falls silent in the middle", lambda asked: [head_of(asked), body_of(asked)[:40], LONG]), silence=SHORT
    ),
    replace(both("never ends: a space now and then", _dripping), limit=2 * SHORT),
)  # fmt: skip
