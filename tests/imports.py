"""Forgets what a test imported from files of its own: the next test may have another module of the same name."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def imports_forgotten(*folders: Path) -> Generator[None]:
    """Import in the block what lies in some folders; afterwards it is not imported, and `sys.path` is as it was."""
    known, path = [*sys.modules], [*sys.path]
    try:
        yield
    finally:
        sys.path[:] = path
        for name in new_since(known):
            if any(Path(getattr(sys.modules[name], "__file__", None) or "").is_relative_to(each) for each in folders):
                del sys.modules[name]


def new_since(known: list[str]) -> set[str]:
    """Return which modules are new; mostly none, of thousands, which a comparison of lists tells fastest."""
    return set() if [*sys.modules] == known else sys.modules.keys() - set(known)
