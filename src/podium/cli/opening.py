"""Opening what a command needs: the store to look at, or an app that drives runs."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from podium.config import Config, load_config
from podium.errors import StoreUnavailable, UsageError
from podium.facade.reader import Reader
from podium.store.opening import is_memory, open_store, sqlite_file
from podium.store.protocol import Store

T = TypeVar("T")

ALL = 1_000_000_000
"""A limit that limits nothing."""


@contextmanager
def open_readonly(store: str | None) -> Generator[Store]:
    """Open a store that is there, to look at it: no worker is entered, no run is driven."""
    opened = open_store(existing(store).store)
    try:
        yield opened
    finally:
        opened.close()


def look(store: str | None, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Return what is found in a store that is there: no worker is entered, no run is driven."""

    async def looking() -> T:
        with open_readonly(store) as opened:
            return await work(Reader(opened))

    return asyncio.run(looking())


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
    """Run to the end what drives runs. SIGTERM ends it as Ctrl-C does: what is done is kept, the rest handed back.

    It does so too where Ctrl-C is ignored, as it is for what a script or a service manager starts in the background.
    """
    terminated = False

    async def until_terminated() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # this is one

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        loop.add_signal_handler(signal.SIGTERM, terminate)
        try:
            return await work
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    try:
        return asyncio.run(until_terminated())
    except asyncio.CancelledError:
        if terminated:
            raise KeyboardInterrupt from None
        raise


def export_environment(model: str | None, settings: Sequence[str] | None) -> None:
    """Put `--model` and `--set` into the environment, where the workflow's file finds them."""
    for each in settings or ():
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {each!r} is not KEY=VALUE.")
        os.environ[key] = value
    if model is not None:
        os.environ["PODIUM_MODEL"] = model
