"""The kinds of things that tell who a person is."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from podium.guards.finding.contact import EMAIL, PHONES, internet
from podium.guards.finding.found import Finder
from podium.guards.finding.money import CARD, iban
from podium.guards.finding.national import NATIONAL

KINDS: Mapping[str, tuple[Finder, ...]] = MappingProxyType(
    {"email": (EMAIL,), "iban": (iban,), "card": (CARD,), "id": NATIONAL, "ip": (internet,), "phone": PHONES}
)
"""Finders by kind; where two find the same characters, the kind that stands first has them."""


def find(text: str, kinds: Collection[str]) -> list[tuple[int, int, str]]:
    """Return what a text has of these kinds, in order: start, end and kind of each."""
    found: list[tuple[int, int, str]] = []
    taken = bytearray(len(text))
    for kind, finders in KINDS.items():
        if kind not in kinds:
            continue
        spans = [span for finder in finders for span in finder(text)]
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if taken.find(1, start, end) < 0:
                taken[start:end] = bytes((1,)) * (end - start)
                found.append((start, end, kind))
    return sorted(found)
