"""Runs the `main` of a program in processes that may be killed, as often as it is asked."""

import json
import os
import signal
import sys
from pathlib import Path

from tests.forking.commands import begin


class Program:
    """A file with `main(*arguments)` and `warm()`, which loads what is loaded late."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def run(self, *arguments: object) -> bool:
        """Run it once; whether it came to its end, or was killed. Raises where it failed in any other way."""
        words = ["call", *(json.dumps(each) for each in arguments)]
        process = begin(words, cwd=Path.cwd(), env=os.environ, merged=True, loaded=(self._path,))
        said, _ = process.communicate()
        if process.returncode == -signal.SIGKILL:
            return False
        print(said, end="", file=sys.stderr)
        assert process.returncode == 0, f"the child ended with {process.returncode}: {said}"
        return True
