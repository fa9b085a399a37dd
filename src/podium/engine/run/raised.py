"""Where code raised an exception, as a message says it."""

import os
import traceback
from pathlib import Path

from podium.model.outcome import text_of

_OWN = f"{Path(__file__).parents[2]}{os.sep}"


def told(error: BaseException) -> str:
    """Return what was raised, and in which line: the last one that is no line of Podium."""
    frames = traceback.extract_tb(error.__traceback__)
    said = f"{type(error).__name__}: {text_of(error)}"
    user = next((frame for frame in reversed(frames) if not frame.filename.startswith(_OWN)), None)
    return said if user is None else f"{said} ({user.filename}:{user.lineno}, in {user.name})"
