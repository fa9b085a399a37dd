"""The kinds of things that tell who a person is."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from podium.guards.finding.email import EMAIL
from podium.guards.finding.found import Finder
from podium.guards.finding.internet import internet
from podium.guards.finding.labels import spaced
from podium.guards.finding.money import CARD, iban, labelled_accounts, labelled_cards
from podium.guards.finding.national import NATIONAL, labelled_ids
from podium.guards.finding.phones import PHONES, labelled_phones
from podium.guards.finding.plain import plain

KINDS: Mapping[str, tuple[Finder, ...]] = MappingProxyType(
    {"email": (EMAIL,), "iban": (iban,), "card": (CARD,), "id": NATIONAL, "ip": (internet,), "phone": PHONES}
)
"""Finders by kind; where two find the same characters, the kind that stands first has them."""

_LABELLED: Mapping[str, tuple[Finder, ...]] = MappingProxyType(
    {"iban": (labelled_accounts,), "card": (labelled_cards,), "id": (labelled_ids,), "phone": (labelled_phones,)}
)
"""Finders of what a label tells: they find what no form tells, and go first, as the label says more than the form."""


_LONGEST_LABEL = 64
"""Characters of a key that may be the label of what stands under it."""


def find(text: str, kinds: Collection[str], label: str = "") -> list[tuple[int, int, str]]:
    """Return what a text has of these kinds, in order: start, end and kind of each.

    A `label` is read as if it stood before the text: the key under which the text is.
    """
    if not label or len(label) > _LONGEST_LABEL:
        return _found(text, kinds)
    before = f"{spaced(label)}: "
    found = _found(before + text, kinds)
    return [(start - len(before), end - len(before), kind) for start, end, kind in found if start >= len(before)]


def _found(text: str, kinds: Collection[str]) -> list[tuple[int, int, str]]:
    looked = plain(text)
    found: list[tuple[int, int, str]] = []
    taken = bytearray(len(looked.text))
    for finders_of in (_LABELLED, KINDS):
        for kind, finders in finders_of.items():
            if kind not in kinds:
                continue
            spans = [span for finder in finders for span in finder(looked.text)]
            for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
                if taken.find(1, start, end) < 0:
                    taken[start:end] = bytes((1,)) * (end - start)
                    found.append((*looked.span(start, end), kind))
    return sorted(found)
