"""Keeps what was learnt beside Python's own caches, so that a program that starts for each ticket starts fast."""

import hashlib
import marshal
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_HERE = Path(__file__).parent


def prepared(name: str, learn: Callable[[], T]) -> T:
    """Return what `learn` returns, plain dicts, lists, texts and numbers; learn again only after a file has changed."""
    known = _HERE / "__pycache__" / f"{name}.{sys.implementation.cache_tag}-{_digest()}.marshal"
    with suppress(OSError, EOFError, ValueError, TypeError):
        return marshal.loads(known.read_bytes())
    learnt = learn()
    with suppress(OSError):
        known.parent.mkdir(exist_ok=True)
        for old in known.parent.glob(f"{name}.{sys.implementation.cache_tag}-*"):
            old.unlink()
        begun = known.with_suffix(f".{os.getpid()}")
        begun.write_bytes(marshal.dumps(learnt))  # pyright: ignore[reportArgumentType] - plain, as promised
        begun.replace(known)
    return learnt


def _digest() -> str:
    files = [*sorted((_HERE.parent / "handbook").glob("*.md")), *sorted(_HERE.glob("*.*"))]
    states = ((file.name, state.st_mtime_ns, state.st_size) for file in files for state in [file.stat()])
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()[:16]
