"""Keeps a process of the tests off the network."""

import os
import sys
from pathlib import Path
from typing import cast

ADDRESS_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
"""The audit events that lead out of the machine, and which of their arguments is the address."""


def stay_offline() -> None:
    """Refuse every address but this machine's own, until the process ends.

    There is nobody to trust, then: reading who is takes each client of HTTP longer than all else that a test does. So a
    folder without certificates is named, also to processes that are started.
    """
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)
    sys.addaudithook(refuse_foreign_address)


def refuse_model_requests() -> None:
    """Have Pydantic AI say that a real model was asked for, where it is loaded; loading it takes seconds."""
    if models := sys.modules.get("pydantic_ai.models"):
        vars(models)["ALLOW_MODEL_REQUESTS"] = False


def refuse_foreign_address(event: str, arguments: tuple[object, ...]) -> None:
    """Raise where an audit event names a host that is not this machine."""
    place = ADDRESS_AT.get(event)
    if place is None:
        return
    address = arguments[place]
    if isinstance(address, tuple):
        address = cast(tuple[object, ...], address)[0]
    elif event == "socket.connect":
        return  # the path of a local socket
    host = address.decode() if isinstance(address, bytes) else str(address or "")
    if host not in ("", "localhost", "::1") and not host.startswith("127."):
        message = f"tests stay on this machine: {event} to {host!r}"
        raise PermissionError(message)
