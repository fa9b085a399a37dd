"""Payloads that quote earlier payloads of their run: how they are stored, and put together again.

A stored payload that quotes begins with a byte that no JSON text begins with. After it come its parts: a text, or the
place of a fact of the same run, with where in that fact's whole payload the part begins, and how long it is.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

MARK = b"\0"
"""What a stored payload begins with that quotes others."""

_PART = struct.Struct(">III")
_TEXT = 0xFFFF_FFFF
"""Stands in place of a fact's place where a text follows: a run has room for 2^24 facts."""
_KEPT_BYTES = 16 * 1024 * 1024


class QuotedPart(NamedTuple):
    """A part of a payload: `text`, or what stands at `offset` of the payload of fact `seq`."""

    end: int
    """Where it ends in the whole payload."""
    text: bytes | None
    seq: int
    offset: int


def written(parts: Sequence[QuotedPart]) -> bytes:
    """Return how a payload of these parts is stored."""
    found, start = [MARK], 0
    for part in parts:
        if part.text is None:
            found.append(_PART.pack(part.seq, part.offset, part.end - start))
        else:
            found += (_PART.pack(_TEXT, 0, len(part.text)), part.text)
        start = part.end
    return b"".join(found)


def quotes(stored: object) -> bool:
    """Whether a stored payload quotes others."""
    return isinstance(stored, bytes) and stored.startswith(MARK)


def parts_of(stored: bytes) -> list[QuotedPart]:
    """Return the parts of a stored payload that quotes; raises struct.error where it is none."""
    at, end, found = len(MARK), 0, list[QuotedPart]()
    while at < len(stored):
        seq, offset, size = _PART.unpack_from(stored, at)
        at, end = at + _PART.size, end + size
        if seq == _TEXT:
            found.append(QuotedPart(end, stored[at : at + size], 0, 0))
            at += size
            if at > len(stored):
                raise struct.error("a text is cut off")
        else:
            found.append(QuotedPart(end, None, seq, offset))
    return found


class Payloads:
    """Puts the payloads of one run together. What several of them quote is put together once."""

    def __init__(self, stored: Callable[[int], bytes | None]) -> None:
        """Take what gives the stored payload of a fact of the run."""
        self._stored = stored
        self._read: dict[int, bytes | list[QuotedPart]] = {}
        self._cuts: dict[tuple[int, int, int], bytes] = {}
        self._kept = 0

    def whole(self, seq: int, stored: bytes | None) -> bytes | None:
        """Return the payload of a fact; None where something that it quotes is gone or is no such thing."""
        if stored is None or not quotes(stored):
            return stored
        try:
            parts = self._read[seq] = parts_of(stored)
            return self._joined(seq, parts, 0, parts[-1].end)
        except (LookupError, struct.error):
            return None

    def _joined(self, seq: int, parts: Sequence[QuotedPart], start: int, end: int) -> bytes:
        """Return what stands between two places of a payload of parts; raises LookupError where that is not there."""
        found: list[bytes] = []
        at = start
        for place in range(bisect_right(parts, start, key=_end), len(parts)):
            part, begins = parts[place], parts[place - 1].end if place else 0
            until = min(part.end, end)
            if part.text is not None:
                found.append(part.text[at - begins : until - begins])
            elif part.seq < seq:
                found.append(self._cut(part.seq, part.offset + at - begins, until - at))
            else:
                raise LookupError(f"fact {seq} quotes fact {part.seq}, which is not before it")
            at = until
            if at == end:
                break
        return b"".join(found)

    def _cut(self, seq: int, start: int, size: int) -> bytes:
        wanted = seq, start, size
        known = self._cuts.get(wanted)
        if known is not None:
            return known
        whole = self._of(seq)
        cut = whole[start : start + size] if isinstance(whole, bytes) else self._joined(seq, whole, start, start + size)
        if len(cut) != size:
            raise LookupError(f"the payload of fact {seq} is shorter than what is quoted of it")
        if self._kept > _KEPT_BYTES:
            self._cuts, self._kept = {}, 0
        self._cuts[wanted] = cut
        self._kept += size
        return cut

    def _of(self, seq: int) -> bytes | list[QuotedPart]:
        known = self._read.get(seq)
        if known is None:
            stored = self._stored(seq)
            if stored is None:
                raise LookupError(f"the payload of fact {seq} is gone")
            known = self._read[seq] = parts_of(stored) if quotes(stored) else stored
        return known


def _end(part: QuotedPart) -> int:
    return part.end
