"""Ends a forked process as Python ends one, but for taking down what its parent had imported."""

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NoReturn

CANNOT_FLUSH = 120


def run_to_the_end(program: Callable[[], object]) -> NoReturn:
    """Run a program and end the process with its status.

    Python would now empty every module, and so write to all memory that is still shared with the parent; this costs
    more than most commands.
    """
    status, interrupted = 0, False
    try:
        program()
    except SystemExit as error:
        status = status_of(error)
    except BaseException as error:  # noqa: BLE001 - Python itself tells of it
        error.__traceback__ = without_us(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        status, interrupted = 1, isinstance(error, KeyboardInterrupt)
    threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - Python itself does so
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage] - the same
    sys.modules["__main__"].__dict__.clear()
    gc.collect()  # whatever warns when it goes has its say
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"Exception ignored in: {sys.stdout!r}\n{type(error).__name__}: {error}", file=sys.stderr)
        status = CANNOT_FLUSH
    sys.stderr.flush()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def status_of(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def without_us(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from where the program itself begins."""
    here = str(Path(__file__).parent)
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith((here, "<frozen runpy>")):
        trace = trace.tb_next
    return trace
