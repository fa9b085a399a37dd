"""Files that are written whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path

from podium.errors import UsageError


def write_whole(path: Path, lines: Iterable[str], what: str, otherwise: str = "") -> None:
    """Write lines to a file, over what is there, all or nothing; raises UsageError, which may say what holds then."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with half.open("w", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(f"{line}\n" for line in lines)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"{what} {path} cannot be written: {error.strerror}.{otherwise}") from error
