"""Counts the lines of the programs, all in one layout, so that nobody's way of breaking lines decides."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.teams.running import SYSTEMS, program
from benchmarks.teams.teams import TEAMS

WIDE, NARROW = 320, 88
"""Columns of the layouts in which all are counted: one in which each statement has one line, and that of ruff."""

_SPACE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a program is."""

    lines: int
    """Lines of code: not blank, no comment, docstring or import."""
    imports: int
    """Lines of imports."""
    tokens: int
    """Words and signs in the lines of code, which no layout changes."""

    def __add__(self, other: Size) -> Size:
        return Size(
            lines=self.lines + other.lines, imports=self.imports + other.imports, tokens=self.tokens + other.tokens
        )


NOTHING = Size(lines=0, imports=0, tokens=0)


def size(source: str) -> Size:
    """Count a program as it is laid out."""
    tree = ast.parse(source)
    imports = set(_lines(each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.ImportFrom)))
    passed_over = imports | set(_lines(_docstrings(tree)))
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in _SPACE and token.start[0] not in passed_over
    ]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return Size(lines=len(lines), imports=len(imports), tokens=len(tokens))


def sizes(columns: int = WIDE) -> Mapping[tuple[str, str], Size]:
    """Return how large each program is, by the names of its team and its system.

    All are laid out by `ruff format` with its presets in lines of so many columns, whatever commas their author left.
    """
    layout = ("--isolated", "--line-length", str(columns), "--config", "format.skip-magic-trailing-comma=true")
    with tempfile.TemporaryDirectory() as folder:
        for team in TEAMS:
            for system in SYSTEMS:
                shutil.copy(program(team, system), Path(folder) / f"{team.name}-{system}.py")
        ruff = Path(sys.executable).with_name("ruff")
        subprocess.run([ruff, "format", "--quiet", *layout, folder], check=True)
        return {
            (team.name, system): size((Path(folder) / f"{team.name}-{system}.py").read_text(encoding="utf-8"))
            for team in TEAMS
            for system in SYSTEMS
        }


def _docstrings(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield first


def _lines(nodes: Iterator[ast.stmt]) -> Iterator[int]:
    for node in nodes:
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
