"""What a command that runs for long writes into its log: on standard error, line by line, as text or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from podium.formats.printable import beneath, printable
from podium.secrets.masking import MASKING


class LogLevel(StrEnum):
    """What is written, and all that is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option("--log-level", help="What is logged: warnings, or for `info` each request and failed run, too."),
]
LogJsonOption = Annotated[bool, typer.Option("--log-json", help="Log in JSON, a line for each entry.")]


class _TextLog(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return an entry; what has several lines is set in, so that nothing in it is taken for an entry."""
        entry = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}"
        return beneath(printable(MASKING.text("\n".join(filter(None, (entry, _raised(self, record)))))))


class _JsonLog(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return an entry as an object."""
        entry = {
            "time": _time(record), "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(), "error": _raised(self, record), **getattr(record, "fields", {}),
        }  # fmt: skip
        masked = {name: MASKING.text(value) if isinstance(value, str) else value for name, value in entry.items()}
        return json.dumps({name: value for name, value in masked.items() if value is not None})


def log_to_stderr(level: LogLevel | None, *, as_json: bool) -> None:
    """Write what is logged to standard error: of Podium from a level on, of all else what is a warning or graver.

    Where nothing is asked for, and a file of workflows has set up logging, that is left as it is.
    """
    if level is None and not as_json and logging.getLogger().handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLog() if as_json else _TextLog())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("podium").setLevel((level or LogLevel.WARNING).upper())


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _raised(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    """Return the traceback of what an entry tells of."""
    return formatter.formatException(record.exc_info) if record.exc_info else None
