"""Opening what a command needs: the store to look at, or an app that drives runs."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from podium.cli.options import WrongOption
from podium.cli.stopping import Stops
from podium.config import Config, load_config
from podium.errors import StoreUnavailable
from podium.facade.reader import Reader
from podium.store.opening import is_memory, open_existing, sqlite_file
from podium.store.protocol import Store

T = TypeVar("T")

ALL = 1_000_000_000
"""A limit that limits nothing."""


@contextmanager
def open_readonly(store: str | None) -> Generator[Store]:
    """Open a store that is there, to look at it: no worker is entered, no run is driven."""
    opened = open_existing(existing(store).store)
    try:
        yield opened
    finally:
        opened.close()


def look(store: str | None, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Return what is found in a store that is there: no worker is entered, no run is driven."""
    return asyncio.run(_looking(store, work))


def follow(store: str | None, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Do as `look`, for what may take long; raises KeyboardInterrupt after Ctrl-C or SIGTERM."""
    return drive(_looking(store, work))


async def _looking(store: str | None, work: Callable[[Reader], Awaitable[T]]) -> T:
    with open_readonly(store) as opened:
        return await work(Reader(opened))


def existing(store: str | None) -> Config:
    """Return the settings for a store that is there; raises StoreUnavailable where it is not."""
    config = load_config(store=store)
    file = sqlite_file(config.store)
    if is_memory(config.store):
        raise StoreUnavailable("the store is set to :memory:, which keeps nothing. Name a file with --store.")
    if file is not None and file.is_dir():
        raise StoreUnavailable(f"{config.store} is a folder. Name the store's file with --store.")
    if file is not None and not file.exists():
        raise StoreUnavailable(
            f"there is no store at {config.store} yet. `podium run` makes one; --store names another."
        )
    return config


def drive(work: Coroutine[object, None, T]) -> T:
    """Run to the end what drives runs, unless a signal stops it; raises KeyboardInterrupt then.

    What is done is kept, and the rest handed back.
    """
    stops = Stops()

    async def until_stopped() -> T:
        with stops.heard():
            return await work

    try:
        return asyncio.run(until_stopped())
    except asyncio.CancelledError:
        if stops.count:
            raise KeyboardInterrupt from None
        raise
    finally:
        stops.ended()


def export_environment(model: str | None, settings: Sequence[str] | None) -> None:
    """Put `--model` and `--set` into the environment, where the workflow's file finds them."""
    for each in settings or ():
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise WrongOption(f"--set {each!r} is not KEY=VALUE.")
        os.environ[key] = value
    if model is not None:
        os.environ["PODIUM_MODEL"] = model
