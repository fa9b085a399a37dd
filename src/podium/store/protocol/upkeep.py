"""What is asked by those who look after a store: a copy, a smaller file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSize:
    """How many bytes a store takes on the disk."""

    data: int
    free: int
    """Of these, what was deleted and is used again before the file grows."""
    log: int
    """What stands in the write-ahead log beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOver:
    """Where a store goes on, and who moved it."""

    to: str
    by: str
    at: float


class Upkeep(Protocol):
    """Its methods may take long and are called in a thread."""

    def size(self) -> StoreSize:
        """Return how much room the store takes."""
        ...

    def is_file(self, path: Path) -> bool:
        """Whether a file that is there is one of the store's own, by whatever name."""
        ...

    def copy_to(self, path: Path) -> None:
        """Write the store as it is at one moment to a new file, while others go on writing; raises StoreError."""
        ...

    def scrub(self) -> bool:
        """Leave nothing of what was deleted where it was stored; False where somebody still reads what was.

        Then it is done later, at the latest when the store is closed. Raises StoreError.
        """
        ...

    def compact(self) -> None:
        """Give the room of what was deleted back to the disk; nobody can write meanwhile. Raises StoreError."""
        ...

    def give_over(self, to: GivenOver) -> GivenOver | None:
        """Say that the store goes on at another place: nobody can enter a worker here from now on.

        Returns what was said before, if anything. Raises NotPossible where a worker is entered and not declared dead.
        """
        ...

    def given_over(self) -> GivenOver | None:
        """Return where the store goes on; None where it is here."""
        ...

    def take_back(self) -> GivenOver | None:
        """Have workers enter again; returns to where the store had been given over, None where it was not."""
        ...
