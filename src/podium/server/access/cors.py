"""Web pages of others that may ask from a browser: none, unless the settings name them (CORS)."""

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key")
_TOLD = ("Location", "Retry-After")
_SECONDS = 600


def allow_origins(server: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins ask with a key or a token. Cookies of this server are never theirs to send."""
    if origins:
        server.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(_SENT), expose_headers=list(_TOLD), allow_credentials=False, max_age=_SECONDS,
        )  # fmt: skip
