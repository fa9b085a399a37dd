"""A file by which others see that a worker lives, without asking it over a network."""

import logging
from pathlib import Path

from podium.errors import ConfigError

_LOG = logging.getLogger("podium")


class AliveFile:
    """Is touched at each beat, from the event loop: it grows old where the store cannot be reached, or the loop hangs.

    It is gone once the worker drives nothing any more.
    """

    def __init__(self, path: str) -> None:
        """Use a path; an empty one does nothing. Raises ConfigError where no file can be there."""
        self._path = Path(path) if path else None
        self._failed = False
        if self._path is not None:
            try:
                if self._path.exists() and not _is_empty_file(self._path):
                    raise ConfigError(
                        f"alive_file {path!r} is a folder, or has something in it, and would be deleted at the end. "
                        "Name a file that is not there."
                    )
                self._path.touch()
            except OSError as error:
                raise ConfigError(f"alive_file {path!r} cannot be written: {error.strerror}. Name another.") from error

    def touch(self) -> None:
        """Say that the worker lives."""
        if self._path is None:
            return
        try:
            self._path.touch()
            self._failed = False
        except OSError as error:
            if not self._failed:
                _LOG.warning("the alive_file %s cannot be written, so it grows old: %s", self._path, error.strerror)
            self._failed = True

    def remove(self) -> None:
        """Say that the worker drives nothing any more; it is not touched again."""
        path, self._path = self._path, None
        if path is not None:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _LOG.warning("the alive_file %s cannot be deleted, so it grows old: %s", path, error.strerror)


def _is_empty_file(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0
