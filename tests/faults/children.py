"""Children that are killed for real, started in milliseconds."""

from functools import cache
from pathlib import Path

from tests.forking.program import Program

PROGRAMS = Path(__file__).parent / "programs"


@cache
def program(name: str) -> Program:
    """Return a program of the tests of faults, to be run as often as it is needed."""
    return Program(PROGRAMS / name)
