"""Quoting: a payload that says again what the run has said refers to it, so that a conversation grows linearly.

A payload is cut where its content says so: before and after long strings, and now and then between short ones. Some
neighbouring pieces make a block, some blocks a larger one. So a list that something is appended to has the same
blocks as before, but for the last of each size, and is stored as few quotes: their number grows with the logarithm
of its length. What is quoted is the place where a piece or block stood first, as made of smaller ones that stood
somewhere before: so a chain of quotes is no longer than there are sizes of blocks.

What a run has said is known in memory only, by digests. Where that is forgotten, a text is stored once more.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Self
from zlib import crc32

from podium.store.journaling.quoted import Payloads, QuotedPart, parts_of, quotes, written

QUOTING_BYTES = 512
"""A smaller payload is stored as it is, and not quoted."""
QUOTING_UP_TO = 16 * 1024 * 1024
"""A larger one, too: to cut it takes too long."""
LEARNED = 16
"""So many of its last large payloads are looked at where a run was taken up."""

_LONG = 256
_VERY_LONG = 2_048
_SMALL = 4_096
"""A smaller payload is not worth blocks: its pieces are few."""
_WORTH_COMPARING = 16_384
_SHORT = 8
_STRETCH = 512
_MARKED = re.compile(rb"[ ,](?=[%s][%s][%s][%s])" % tuple(
    re.escape(bytes(each for each in range(256) if each % of == rest)) for of, rest in ((4, 1), (4, 2), (2, 0), (8, 1))
))  # fmt: skip
"""Where very long strings are cut: before some words, some 400 bytes apart, wherever the text stands."""
_FARTHEST = 4_096
_SEPARATORS = (b"\\n", b",", b" ")
"""Where they are cut if no such word comes for so long, and long lists of numbers: the first of these that is there."""
_LEAST = 32
"""A piece shorter than this is not quoted by itself."""
_MOST_KNOWN = 16_384
_LEARNED_BYTES = 2 * 1024 * 1024
_WIDEST = 32

Place = tuple[int, int]
"""A fact of the run, and an offset in its payload."""


class _Level(NamedTuple):
    """Pieces of a payload, or the blocks of one size."""

    ends: list[int]
    digests: list[bytes]
    firsts: list[int]
    """Of blocks: the first of the next smaller ones in each, and how many there are of these; of pieces, none."""


class _Cut(NamedTuple):
    """A payload, and its pieces."""

    text: bytes
    pieces: _Level


_Recent = tuple[_Cut, ...]
"""The last large payloads of some kinds, the newest first: the next one mostly begins like one of them.

What an agent is given and what its model is sent grow side by side, with answers in between.
"""
_KINDS = 4
_NOTHING = _Cut(b"", _Level([], [], []))


class Quotable:
    """What can be quoted of the payloads of a run."""

    __slots__ = ("_committed", "_fresh", "_recent")

    def __init__(self, committed: dict[bytes, Place] | None = None, recent: _Recent = ()) -> None:
        self._committed: dict[bytes, Place] = {} if committed is None else committed
        self._fresh: dict[bytes, Place] = {}
        self._recent = recent

    @classmethod
    def learned(cls, recent: Sequence[tuple[int, bytes]], payloads: Payloads) -> Self:
        """Return what can be quoted of recent payloads as they are stored, the latest first."""
        made, left = cls(), _LEARNED_BYTES
        for seq, stored in recent:
            text = payloads.whole(seq, stored)
            if text is None or not QUOTING_BYTES <= len(text) <= min(left, QUOTING_UP_TO):
                continue
            left -= len(text)
            parts = parts_of(stored) if quotes(stored) else []
            levels = made._cut(text)
            for digest, start, end in _pieces(levels):
                if end - start >= _LEAST:
                    made._fresh.setdefault(digest, _origin(seq, parts, start, end))
        return made

    def branch(self) -> "Quotable":
        """Return the same, to go on with in a commit that may fail: this one was committed, and learns nothing more."""
        committed = self._committed
        committed.update(self._fresh)
        self._fresh = {}
        if len(committed) > _MOST_KNOWN:
            for digest in list(committed)[: len(committed) // 2]:  # those that were used longest ago
                del committed[digest]
        return Quotable(committed, self._recent)

    def quote(self, seq: int, payload: bytes) -> bytes | None:
        """Return how a fact's payload is stored, if it quotes half of what it says; it can be quoted from now on."""
        if len(payload) > QUOTING_UP_TO:
            return None
        new: dict[bytes, Place] = {}
        if len(payload) < _SMALL:
            parts = self._of_pieces(payload, new, seq)
        else:
            levels, parts = self._cut(payload), list[QuotedPart]()
            self._add(levels, len(levels) - 1, 0, payload, parts, new, seq)
        self._fresh.update(new)
        texts = 0
        for part in parts:
            if part.text is not None:
                texts += len(part.text)
        return written(parts) if 2 * texts <= len(payload) else None

    def origin(self, text: bytes) -> tuple[int, int, int, int] | None:
        """Return where most of a text seems to stand in one piece: start, end, fact, and offset in its payload.

        What lies between the parts that are known to stand there is not looked at: what was said twice is known at one
        of its places.
        """
        if not QUOTING_BYTES <= len(text) <= QUOTING_UP_TO:
            return None
        parts = self._of_pieces(text, {}, 0)
        spans: dict[Place, tuple[int, int]] = {}
        start = 0
        for part in parts:
            if part.text is None:
                aligned = part.seq, part.offset - start
                spans[aligned] = spans.get(aligned, (start, 0))[0], part.end
            start = part.end
        if not spans:
            return None
        (seq, shift), (start, end) = max(spans.items(), key=lambda each: each[1][1] - each[1][0])
        return start, end, seq, start + shift

    def _of_pieces(self, text: bytes, new: dict[bytes, Place], seq: int) -> list[QuotedPart]:
        """Return the parts of a text that has so few pieces that to make blocks of them takes longer than to go on."""
        parts: list[QuotedPart] = []
        ends: list[int] = []
        _add_ends(text, 0, ends)
        start = 0
        for end in ends:
            piece = text[start:end]
            origin = None
            if end - start >= _LEAST:
                digest = sha256(piece).digest()
                origin = self._find(digest)
                if origin is None and digest not in new:
                    new[digest] = seq, start
            if origin is None:
                _append_text(parts, end, piece)
            else:
                _append_quote(parts, end, *origin, start)
            start = end
        return parts

    def _cut(self, payload: bytes) -> list[_Level]:
        """Return the pieces and blocks of a payload: as far as it begins like a recent one, those of that one."""
        like = max(self._recent, key=lambda each: _same(payload, each), default=_NOTHING)
        levels = _levels(payload, like)
        if len(payload) > _WORTH_COMPARING:
            others = [each for each in self._recent if each is not like or not _same(payload, like)]
            self._recent = (_Cut(payload, levels[0]), *others[: _KINDS - 1])
        return levels

    def _add(
        self, levels: Sequence[_Level], depth: int, place: int, payload: bytes, parts: list[QuotedPart],
        new: dict[bytes, Place], seq: int,
    ) -> None:  # fmt: skip
        """Add a block or piece to the parts: as a quote, or else as what it is made of."""
        ends, digests, firsts = levels[depth]
        start, end, digest = ends[place - 1] if place else 0, ends[place], digests[place]
        origin = self._find(digest) if end - start >= _LEAST else None
        if origin is not None:
            _append_quote(parts, end, *origin, start)
            return
        if depth:
            for child in range(firsts[place], firsts[place + 1]):
                self._add(levels, depth - 1, child, payload, parts, new, seq)
        else:
            _append_text(parts, end, payload[start:end])
        if end - start >= _LEAST:
            new.setdefault(digest, (seq, start))

    def _find(self, digest: bytes) -> Place | None:
        fresh = self._fresh.get(digest)
        if fresh is not None:
            return fresh
        known = self._committed.pop(digest, None)
        if known is not None:
            self._committed[digest] = known  # at the end again: it was used
        return known


def _append_quote(parts: list[QuotedPart], end: int, seq: int, offset: int, start: int) -> None:
    if parts:
        last = parts[-1]
        begins = parts[-2].end if len(parts) > 1 else 0
        if last.text is None and last.seq == seq and last.offset + start - begins == offset:
            parts[-1] = QuotedPart(end, None, seq, last.offset)
            return
    parts.append(QuotedPart(end, None, seq, offset))


def _append_text(parts: list[QuotedPart], end: int, text: bytes) -> None:
    if parts and (last := parts[-1].text) is not None:
        parts[-1] = QuotedPart(end, last + text, 0, 0)
    else:
        parts.append(QuotedPart(end, text, 0, 0))


def _origin(seq: int, parts: Sequence[QuotedPart], start: int, end: int) -> Place:
    """Return where a range of a payload stood first, if that is one place."""
    place = bisect_right(parts, start, key=lambda part: part.end)
    if place < len(parts) and (part := parts[place]).text is None and end <= part.end:
        return part.seq, part.offset + start - (parts[place - 1].end if place else 0)
    return seq, start


def _pieces(levels: Sequence[_Level]) -> Iterator[tuple[bytes, int, int]]:
    """Give digest, begin and end of each piece and block."""
    for level in levels:
        start = 0
        for end, digest in zip(level.ends, level.digests, strict=True):
            yield digest, start, end
            start = end


def _levels(text: bytes, last: _Cut = _NOTHING) -> list[_Level]:
    """Return the pieces of a text, its blocks, the larger blocks, and so on up to the whole."""
    same = _same(text, last)
    ends, digests = last.pieces.ends[:same], last.pieces.digests[:same]
    start = ends[-1] if ends else 0
    _add_ends(text, start, ends)
    for end in ends[same:]:
        digests.append(sha256(text[start:end]).digest())
        start = end
    levels = [_Level(ends, digests, [])]
    while len(levels[-1].ends) > 1:
        levels.append(_blocks(levels[-1], len(levels)))
    return levels


def _blocks(below: _Level, depth: int) -> _Level:
    """Return the blocks of these: a block ends with a piece whose digest says so, one in eight, or is full."""
    ends, digests, firsts, first = list[int](), list[bytes](), [0], 0
    last = len(below.ends) - 1
    for place, digest in enumerate(below.digests):
        size = place + 1 - first
        if place == last or size == _WIDEST or (size > 1 and not digest[depth % 32] & 7):
            ends.append(below.ends[place])
            digests.append(sha256(b"\1" + b"".join(below.digests[first : place + 1])).digest())
            first = place + 1
            firsts.append(first)
    return _Level(ends, digests, firsts)


def same_begin(one: bytes, other: bytes) -> int:
    """Return with how many of the same bytes two texts begin."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same(text: bytes, last: _Cut) -> int:
    """Return with how many of the same pieces as the last one a text begins."""
    ends, low, high = last.pieces.ends, 0, len(last.pieces.ends)
    while low < high:
        middle, start = (low + high + 1) // 2, ends[low - 1] if low else 0
        end = ends[middle - 1]
        if text[start : end + 1] == last.text[start : end + 1]:  # with what follows: by that it was seen to end
            low = middle
        else:
            high = middle - 1
    return low


def _add_ends(text: bytes, at: int, ends: list[int]) -> None:
    """Add where the pieces of a text end after a place."""
    cut = at
    for piece in (text[at:] if at else text).split(b'"'):
        size = len(piece)
        end = at + size
        if size >= _LONG:
            if at > cut:
                ends.append(at)
            if size > _VERY_LONG:
                _cut_long(text, at, end, ends)
            cut = end - 1 if piece.endswith(b"\\") else end  # the quotation mark of a text inside a text
            ends.append(cut)
        elif end > cut and (end - cut > _STRETCH or (size >= _SHORT and crc32(piece) & 3 == 1)):
            ends.append(end)
            cut = end
        at = end + 1
    if cut < len(text):
        ends.append(len(text))


def _cut_long(text: bytes, start: int, end: int, ends: list[int]) -> None:
    """Cut a long text where its content says so: so it may grow at its end, or be said again inside a longer one."""
    if (separator := next((each for each in _SEPARATORS if text.find(each, start, end) >= 0), None)) is None:
        return
    cut = start
    for found in _MARKED.finditer(text, start, end):
        at = found.start()
        if at - cut >= _LEAST:
            _cut_far(text, cut, at, separator, ends)
            ends.append(at)
            cut = at
    _cut_far(text, cut, end - 1, separator, ends)


def _cut_far(text: bytes, start: int, end: int, separator: bytes, ends: list[int]) -> None:
    """Cut now and then what has no marked place in it for long."""
    while end - start > _FARTHEST:
        start = text.find(separator, start + _STRETCH, end)
        if start < 0:
            return
        ends.append(start)
