"""Wiping what SQLite leaves in the unused parts of a file's pages, where something was deleted or moved.

`PRAGMA secure_delete` overwrites a row where it is deleted. But SQLite also moves rows to other pages as the file
grows, and leaves a copy in the unused part of the page that they were moved from. These parts are found by the format
of the file (https://www.sqlite.org/fileformat2.html) and overwritten, while nobody else can write: no byte that SQLite
uses is changed, so whoever reads meanwhile reads what they would have read, and a process that dies in between leaves a
whole file.
"""

import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain

from podium.store.sqlite.connection import connect, transaction

_WAIT_SECONDS = 30.0
_SLICE_PAGES = 100_000
"""So many pages are wiped while writers wait: in about a second."""
_READERS_SECONDS = 1.0
"""So long those are waited for who still read what was deleted."""
_HEADER_BYTES = 100
_INTERIOR = {2, 5}
_PAGES = {2, 5, 10, 13}
"""The types of pages of tables and indexes; the first two lead to others."""
_PAGE = struct.Struct(">BHHHB")
_NUMBER = struct.Struct(">I")
_FREEBLOCK = struct.Struct(">HH")

_Spans = Sequence[tuple[int, int]]
"""Begin and end of parts of a page."""

_opened: dict[tuple[int, int], int] = {}
"""The files that were scrubbed. On POSIX a process that closes any handle of a file gives up all locks that it has on
it, those of SQLite too: so a handle is kept for as long as the process lives, one for each file."""


def scrub(path: str, slice_pages: int = _SLICE_PAGES) -> bool:
    """Leave nothing of what was deleted in the file and its log; False where somebody still reads what was.

    Writers wait for a slice of the file at a time: what they move meanwhile is there still, for nobody moves what was
    deleted.
    """
    done: set[int] = set()
    with closing(connect(path, "process", wait=_WAIT_SECONDS)) as holder, closing(
        connect(path, "process", wait=_READERS_SECONDS)
    ) as folder:  # fmt: skip
        while True:
            before = len(done)
            if not _folded(folder, "TRUNCATE") or not _scrub_slice(path, holder, folder, done, slice_pages):
                return False
            if len(done) < before + slice_pages:
                return _folded(folder, "TRUNCATE")


def _scrub_slice(
    path: str, holder: sqlite3.Connection, folder: sqlite3.Connection, done: set[int], slice_pages: int
) -> bool:
    """Wipe some pages that are not done, and note them; False where somebody reads what was."""
    with transaction(holder, path):
        if not _folded(folder, "PASSIVE"):  # somebody wrote in between, and somebody reads what was before
            return False
        roots = [n for (n,) in holder.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")]
        (version,) = holder.execute("PRAGMA user_version").fetchone()
        _wipe_pages(path, roots, done, slice_pages)
        # A change makes every other connection read its pages anew: one that it has in memory would bring back what
        # was wiped, with the next change to that page.
        holder.execute(f"PRAGMA user_version = {version}")
    return True


def _folded(connection: sqlite3.Connection, how: str) -> bool:
    """Fold the log into the file; whether all of it is there now."""
    busy, written, folded = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return not busy and written == folded


def _wipe_pages(path: str, roots: Sequence[int], done: set[int], slice_pages: int) -> None:
    file, close = _handle(path)
    try:
        pages, changed, end = _File(file), False, len(done) + slice_pages
        for n, parts in chain(pages.of_trees([1, *roots]), pages.free()):
            if n in done:
                continue
            if len(done) == end:
                break
            changed = pages.wipe(n, parts) or changed
            done.add(n)
        if changed:
            os.fsync(file)
    finally:
        if close:
            os.close(file)


def _handle(path: str) -> tuple[int, bool]:
    """Return a handle of a file, and whether to close it."""
    if os.name != "posix":
        return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0)), True
    found = os.stat(path)  # noqa: PTH116 - as everything here it is of the system
    known = found.st_dev, found.st_ino
    if known not in _opened:
        _opened[known] = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    return _opened[known], False


class _File:
    """A file of SQLite by its pages, which are numbered from 1."""

    def __init__(self, file: int) -> None:
        self._file = file
        head = self._at(0, _HEADER_BYTES)
        (size,) = struct.unpack_from(">H", head, 16)
        self.bytes = 65_536 if size == 1 else size
        self.usable = self.bytes - head[20]
        self._trunk, self._count = struct.unpack_from(">II", head, 32)

    def read(self, n: int) -> bytes:
        return self._at((n - 1) * self.bytes, self.bytes)

    def wipe(self, n: int, parts: _Spans) -> bool:
        """Overwrite parts of a page, where there is anything in them; whether there was."""
        page, wiped = self.read(n), False
        for begin, end in parts:
            if page.count(0, begin, end) < end - begin:
                self._put((n - 1) * self.bytes + begin, bytes(end - begin))
                wiped = True
        return wiped

    def of_trees(self, roots: Sequence[int]) -> Iterator[tuple[int, _Spans]]:
        """Give the pages of tables and indexes, with what is unused in each."""
        left, seen = list(roots), set[int]()
        while left:
            n = left.pop()
            if n in seen:
                continue
            seen.add(n)
            page = self.read(n)
            if page and page[_HEADER_BYTES if n == 1 else 0] in _PAGES:
                yield n, unused_in(page, self.usable, first=n == 1)
                left += children_of(page, first=n == 1)

    def free(self) -> Iterator[tuple[int, _Spans]]:
        """Give the pages that are free, with what is unused in each: all that does not tell which others are."""
        trunk, left = self._trunk, self._count
        while trunk and left > 0:
            page = self.read(trunk)
            following, count = struct.unpack_from(">II", page)
            yield trunk, [(8 + 4 * count, self.bytes)]
            for (leaf,) in _NUMBER.iter_unpack(page[8 : 8 + 4 * count]):
                yield leaf, [(0, self.bytes)]
            trunk, left = following, left - 1 - count

    def _at(self, place: int, size: int) -> bytes:
        if os.name == "posix":
            return os.pread(self._file, size, place)
        os.lseek(self._file, place, os.SEEK_SET)
        return os.read(self._file, size)

    def _put(self, place: int, data: bytes) -> None:
        if os.name == "posix":
            os.pwrite(self._file, data, place)
            return
        os.lseek(self._file, place, os.SEEK_SET)
        os.write(self._file, data)


def unused_in(page: bytes, usable: int, *, first: bool) -> _Spans:
    """Return begin and end of the parts of a page of a table or index in which nothing is."""
    head = _HEADER_BYTES if first else 0
    kind, block, cells, content, _ = _PAGE.unpack_from(page, head)
    begin = head + (12 if kind in _INTERIOR else 8) + 2 * cells
    parts = [(begin, max(begin, content or 65_536))]
    while block and begin <= block <= usable - _FREEBLOCK.size:
        following, size = _FREEBLOCK.unpack_from(page, block)
        parts.append((block + _FREEBLOCK.size, min(block + size, usable)))
        if following <= block:  # they are in order
            break
        block = following
    return [(start, end) for start, end in parts if start < end <= usable]


def children_of(page: bytes, *, first: bool) -> list[int]:
    """Return the pages to which a page leads."""
    head = _HEADER_BYTES if first else 0
    kind, _, cells, _, _ = _PAGE.unpack_from(page, head)
    if kind not in _INTERIOR:
        return []
    places = struct.unpack_from(f">{cells}H", page, head + 12)
    return [_NUMBER.unpack_from(page, place)[0] for place in (head + 8, *places)]
