"""Runs tests against a copy of the tree, so that the working copy is never changed, and quickly: by forks."""

import importlib
import importlib.util
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn, Self

import pytest

NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "node_modules", "dist", "build")
GRACE = 2.0
"""Seconds that tests of a mutant have beyond three times of what those of the original take."""
OPTIONS = (
    "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


class Verdict(Enum):
    """What tests say of a tree."""

    PASSED = "survived"
    FAILED = "killed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A copy of the tree, one file of it, and the tests that are run there."""

    tree: Path
    file: Path
    tests: tuple[str, ...]

    @classmethod
    def of(cls, root: Path, file: Path, tests: Sequence[str], folder: Path) -> Self:
        """Copy a tree into a folder."""
        tree = folder / root.name
        shutil.copytree(root, tree, ignore=NOT_COPIED)
        return cls(tree=tree, file=tree / file.relative_to(root), tests=tuple(tests))

    def original(self) -> tuple[Verdict, float]:
        """Run the tests as they are: once to see what they import, once as those of the mutants will be run."""
        source = self.file.read_bytes()
        verdict = self._run(source, quiet=False, patience=None)
        if verdict is Verdict.PASSED:
            self._preload()
        began = time.monotonic()
        return self._run(source, quiet=True, patience=None), time.monotonic() - began

    def _preload(self) -> None:
        for name in self._imported().read_text().split():
            with suppress(Exception):  # it is then imported by each of those that follow
                importlib.import_module(name)

    def of_mutant(self, source: bytes, took: float) -> Verdict:
        """Run the tests with another source in the place of the file's, as long as `took` seconds suggest."""
        original = self.file.read_bytes()
        try:
            return self._run(source, quiet=True, patience=3 * took + GRACE)
        finally:
            self.file.write_bytes(original)

    def _run(self, source: bytes, *, quiet: bool, patience: float | None) -> Verdict:
        self.file.write_bytes(source)
        Path(importlib.util.cache_from_source(str(self.file))).unlink(missing_ok=True)  # it may be as old and as long
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self._test(quiet=quiet)
        try:
            return wait_for(child, patience)
        finally:
            end(child)

    def _test(self, *, quiet: bool) -> NoReturn:
        code = 2
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.chdir(self.tree)
            src = str(self.tree / "src")
            sys.path[:] = [src, *(each for each in sys.path if not is_of_a_tree(each))]
            os.environ["PYTHONPATH"] = src
            if quiet:
                nowhere = os.open(os.devnull, os.O_RDWR)
                for standard in range(3):
                    os.dup2(nowhere, standard)
            code = pytest.main([*OPTIONS, *self.tests])
            if not quiet:
                self._imported().write_text("\n".join(foreign_modules(self.tree)))
            sys.stdout.flush()
        finally:
            os._exit(code)

    def _imported(self) -> Path:
        return self.tree.parent / "imported"


def wait_for(child: int, patience: float | None) -> Verdict:
    deadline = None if patience is None else time.monotonic() + patience
    while deadline is None or time.monotonic() < deadline:
        pid, status = os.waitpid(child, 0 if deadline is None else os.WNOHANG)
        if pid:
            return Verdict.PASSED if os.waitstatus_to_exitcode(status) == pytest.ExitCode.OK else Verdict.FAILED
        time.sleep(0.01)
    return Verdict.TIMED_OUT


def end(child: int) -> None:
    """End a child, where it has not ended, and what it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)


def is_of_a_tree(path: str) -> bool:
    """Say whether a folder of `sys.path` holds the tree that was copied, or a package of it."""
    return Path(path or ".").joinpath("pyproject.toml").is_file() or Path(path).name == "src"


def foreign_modules(tree: Path) -> list[str]:
    """Return what was imported from elsewhere, in the order in which it can be imported again."""
    modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return [name for name, file in modules.items() if file and not Path(file).is_relative_to(tree)]
