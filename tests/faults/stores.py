"""Which store the processes of a test share: a file in their folder, or one at an address that is written there."""

from collections.abc import Callable
from pathlib import Path

from podium.store.opening import open_store
from podium.store.protocol import Store

_ADDRESS = "address"


Shared = Callable[[Path], None]
"""Has those who work in a folder share a store of some kind."""


def share(folder: Path, address: str) -> None:
    """Have those who work in a folder share the store at an address."""
    (folder / _ADDRESS).write_text(address, encoding="utf-8")


def in_files(folder: Path) -> None:
    """Have those who work in a folder share a file: nothing is to be written down for that."""
    del folder


def address_in(folder: Path) -> str:
    """Return the address of the store that those who work in a folder share."""
    try:
        return (folder / _ADDRESS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return str(folder / "podium.db")


def is_made(folder: Path) -> bool:
    """Whether there may be a store by now."""
    return (folder / _ADDRESS).exists() or (folder / "podium.db").exists()


def store_in(folder: Path) -> Store:
    """Open the store that those who work in a folder share."""
    return open_store(address_in(folder))
