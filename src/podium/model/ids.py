"""Identifiers of runs, workers, questions and signals."""

import secrets
from dataclasses import dataclass
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Ids(Protocol):
    """Where new identifiers come from. Injected, so that tests can make them predictable."""

    def new(self, prefix: str) -> str:
        """Return a unique identifier, such as `run_3k9…`."""
        ...

    def seed(self) -> int:
        """Return 63 unpredictable bits: the seed of a run's own `random` and `uuid`."""
        ...


@dataclass(frozen=True, slots=True)
class RandomIds:
    """Identifiers of 16 random base-32 characters (80 bits)."""

    def new(self, prefix: str) -> str:
        """Return `prefix_` and 16 characters that are easy to read aloud."""
        bits = secrets.randbits(80)
        return f"{prefix}_" + "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(0, 80, 5))

    def seed(self) -> int:
        """Return 63 bits from the operating system."""
        return secrets.randbits(63)


def child_run_id(parent: str, key: str, before: int = 0) -> str:
    """Return the id of the child run that `parent` spawns at `key`: the same on every replay.

    `before` is how many others it had spawned there before retries.
    """
    return f"{parent}.{key}.r{before + 1}" if before else f"{parent}.{key}"
