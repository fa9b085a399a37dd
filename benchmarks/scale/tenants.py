"""Tenants of several sizes on several databases: how much more the fullest has to carry than the mean."""

from __future__ import annotations

from hashlib import sha256

TENANTS = 1_000


def sizes(tenants: int = TENANTS) -> list[float]:
    """How much each tenant does: the second half as much as the first, the third a third, and so on."""
    return [1 / place for place in range(1, tenants + 1)]


def by_name(loads: list[float], databases: int) -> list[float]:
    """Each tenant where the hash of its name says; nobody has to remember where that is."""
    found = [0.0] * databases
    for tenant, load in enumerate(loads):
        found[int.from_bytes(sha256(f"tenant-{tenant}".encode()).digest()[:8]) % databases] += load
    return found


def by_size(loads: list[float], databases: int) -> list[float]:
    """The greatest first, each where there is least."""
    found = [0.0] * databases
    for load in sorted(loads, reverse=True):
        found[found.index(min(found))] += load
    return found


def fullest(found: list[float]) -> float:
    """What the fullest database carries, where the mean is 1."""
    return max(found) * len(found) / sum(found)
