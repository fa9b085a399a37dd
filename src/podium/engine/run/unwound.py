"""Warns of `finally` and `async with` around a wait: Python runs their ends each time the run leaves memory."""

import asyncio
import linecache
import logging
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from podium import lazy
from podium.engine.run.branch_task import BranchTask
from podium.model.traceback import is_users

if TYPE_CHECKING:
    import ast
else:
    ast = lazy.module("ast")

_LOG = logging.getLogger("podium")
_SEEN: set[tuple[CodeType, int]] = set()
"""Where in which code a run has waited: each is looked at once."""
_PARSED_FILES = 8


def warn_of_unwound(branch: BranchTask) -> None:
    """Warn, once for each place in the code, of blocks whose ends are run as this branch and its own leave memory."""
    for frame in _frames(branch.task):
        place = frame.f_code, frame.f_lasti
        if place not in _SEEN:
            _SEEN.add(place)
            if is_users(frame) and (end := _end_around(frame.f_code.co_filename, frame.f_lineno)) is not None:
                _warn(frame, *end)
    for child in branch.children:
        warn_of_unwound(child)


def _warn(frame: FrameType, what: str, line: int) -> None:
    _LOG.warning(
        "%s:%d: the end of %s runs each time the run waits at line %d, and once more when it goes on, for a run that "
        "waits leaves memory. That is right for what belongs to this process; what happens once is a call, or an undo.",
        frame.f_code.co_filename, line, what, frame.f_lineno,
    )  # fmt: skip


def _frames(task: "asyncio.Task[None] | None") -> Iterator[FrameType]:
    """Give the frames of what a task waits in, the outermost first."""
    awaited: object = None if task is None else task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if isinstance(frame, FrameType):
            yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def _end_around(file: str, line: int) -> tuple[str, int] | None:
    """Return the innermost such block that a line is inside of, and where it stands; None too where no source is."""
    found: tuple[str, int] | None = None
    for node in _around(file, line):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = None
        elif isinstance(node, ast.Try | ast.TryStar) and node.finalbody and line < node.finalbody[0].lineno:
            found = "`finally`", node.finalbody[0].lineno
        elif isinstance(node, ast.AsyncWith) and _is_in_body(node, line) and not _is_selection(node):
            found = "`async with`", node.lineno
    return found


def _is_in_body(block: "ast.AsyncWith", line: int) -> bool:
    return any(_holds(each, line) for each in block.body)


def _is_selection(block: "ast.AsyncWith") -> bool:
    """Whether it is `async with ctx.select(…)`, which waits for no end of its own."""
    calls = [item.context_expr for item in block.items]
    return all(isinstance(each, ast.Call) and _name(each.func) == "select" for each in calls)


def _name(function: "ast.expr") -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def _around(file: str, line: int) -> "Iterator[ast.AST]":
    """Give the statements and functions that a line is inside of, the outermost first."""
    node: ast.AST | None = _parsed(file)
    while node is not None:
        yield node
        node = next((each for each in ast.iter_child_nodes(node) if _holds(each, line)), None)


def _holds(node: "ast.AST", line: int) -> bool:
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    return first is not None and last is not None and first <= line <= last


@lru_cache(maxsize=_PARSED_FILES)
def _parsed(file: str) -> "ast.Module | None":
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None
