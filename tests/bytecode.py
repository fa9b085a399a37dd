"""Has what the tests import compiled once, and kept, whatever the environment says: it is most of an import."""

import os
import sys


def keep_bytecode() -> None:
    """Keep what this process compiles from now on, beside its source, as Python does unless it is told not to.

    Processes that are started read it and keep nothing: a test may write one program after the other to one file, and
    Python takes the second for the first one where both are as long and of the same second.
    """
    sys.dont_write_bytecode = False
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def keep_no_more_bytecode() -> None:
    """End that, before the tests themselves import what they wrote."""
    sys.dont_write_bytecode = True
