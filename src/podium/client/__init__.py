"""A typed client of a Podium server: `Client` blocks, `AsyncClient` awaits, and both have the same methods.

They answer with the bodies of `podium.api`, and raise the errors that the app itself would. Each call is described once
(`resources`), and what is sent when, and how often, is decided once (`exchange`): the two differ only in `ways`.
Imports nothing of the engine, the store or the server.
"""

try:
    from podium.client.clients import AsyncClient, Client
    from podium.client.pages import AsyncPages, Pages
except ModuleNotFoundError as error:
    if error.name != "httpx":
        raise
    raise ImportError('the client needs HTTPX, which is an extra: pip install "podium[client]"') from error

__all__ = ["AsyncClient", "AsyncPages", "Client", "Pages"]
