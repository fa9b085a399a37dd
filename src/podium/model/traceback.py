"""Where an error came from, as it is recorded: its type and message, the user's own lines, and what caused it."""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, cast

from podium import lazy
from podium.errors import CallFailed, RunFailed
from podium.model.outcome import cut, readable, text_of
from podium.secrets.masking import MASKING

if TYPE_CHECKING:
    import sysconfig
else:
    sysconfig = lazy.module("sysconfig")

_MESSAGE_CHARACTERS = 2_000
_TRACE_CHARACTERS = 8_000
_MOST_ERRORS = 12
"""Causes and members of groups that are told of."""
_FIRST_FRAMES, _LAST_FRAMES = 4, 8
"""Of more frames than both the middle is left out."""
_OURS = str(Path(__file__).parents[1])

_Part = tuple[str, BaseException]
"""An error, and what it is to the one before it."""


def type_of(error: BaseException) -> str:
    """Return the type of an error, with its module where that is not Python's own."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def message_of(error: BaseException) -> str:
    """Return what an error says, bounded; secrets are masked before it is cut, as half of one would not be found."""
    return cut(MASKING.text(readable(text_of(error))), _MESSAGE_CHARACTERS)


def place_of(error: BaseException) -> str:
    """Return an error in one line, with the last of the user's frames that it passed: file, line and function."""
    passed = [each for each in _passed(error.__traceback__) if not _is_left_out(each[0])]
    own = [each for each in passed if not _is_of_library(each[0])] or passed
    said = f"{type_of(error)}: {' '.join(message_of(error).split())}"
    if not own:
        return said
    frame, line = own[-1]
    return f"{said} ({frame.f_code.co_filename}:{line}, in {frame.f_code.co_qualname})"


def traceback_of(error: BaseException) -> str:
    """Return the error, its causes and the members of groups, each with the user's frames that it passed.

    A frame is file, line and function; no line of source is in it. Podium's frames and Python's are left out, those of
    libraries counted, unless there are no others. Secrets are masked, and the whole is bounded.
    """
    try:
        told = _told(error)
    except Exception as broken:  # noqa: BLE001 - foreign code, as whatever raised it
        told = [f"(where it came from cannot be told: {type(broken).__name__} while it was looked at)"]
    return cut(MASKING.text(readable("\n".join(told))), _TRACE_CHARACTERS)


def _told(error: BaseException) -> list[str]:
    told: list[str] = []
    waiting: list[_Part] = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_ERRORS:
        how, each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        told += [f"{how}{type_of(each)}: {message_of(each)}", *_frames(each.__traceback__)]
        told += _recorded(each)
        waiting[:0] = _behind(each)
    if waiting:
        told.append(f"… and {len(waiting)} more errors")
    return told


def _behind(error: BaseException) -> Iterator[_Part]:
    """Give the members of a group, and what the error was raised from, or raised while it was handled."""
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        yield from ((f"Member {n} of {len(members)}: ", each) for n, each in enumerate(members, 1))
    if error.__cause__ is not None:
        yield "Caused by: ", error.__cause__
    elif error.__context__ is not None and not error.__suppress_context__:
        yield "Raised while this was handled: ", error.__context__


def _recorded(error: BaseException) -> Sequence[str]:
    """Return the traceback of what a call, or a child run, failed with, which was recorded when it did."""
    known = error.recorded if isinstance(error, CallFailed | RunFailed) else ""
    return [f"    {line}" for line in known.splitlines()]


def _frames(traceback: TracebackType | None) -> list[str]:
    passed = [(frame, line) for frame, line in _passed(traceback) if not _is_left_out(frame)]
    if any(not _is_of_library(frame) for frame, _ in passed):
        return _shortened(list(_folded(passed)))
    return _shortened([_frame(frame, line) for frame, line in passed])


def _passed(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _folded(passed: Sequence[tuple[FrameType, int]]) -> Iterator[str]:
    """Give the user's frames, and how many of libraries lie between them."""
    foreign = 0
    for frame, line in passed:
        if _is_of_library(frame):
            foreign += 1
            continue
        if foreign:
            yield _libraries(foreign)
        foreign = 0
        yield _frame(frame, line)
    if foreign:
        yield _libraries(foreign)


def _frame(frame: FrameType, line: int) -> str:
    return f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_qualname}'


def _libraries(count: int) -> str:
    return f"  … {count} of libraries"


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _FIRST_FRAMES + _LAST_FRAMES:
        return lines
    between = len(lines) - _FIRST_FRAMES - _LAST_FRAMES
    return [*lines[:_FIRST_FRAMES], f"  … {between} more", *lines[-_LAST_FRAMES:]]


def is_users(frame: FrameType) -> bool:
    """Whether a frame is of the user's own code: not Podium's, not Python's, and of no library."""
    return not _is_left_out(frame) and not _is_of_library(frame)


def _is_left_out(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((_OURS, "<frozen")) or (name.startswith(_standard()) and not _is_of_library(frame))


def _is_of_library(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_libraries_at())


@cache
def _standard() -> tuple[str, ...]:
    return tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})


@cache
def _libraries_at() -> tuple[str, ...]:
    found = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return tuple(found | {each for each in sys.path if each.endswith(("site-packages", "dist-packages"))})
