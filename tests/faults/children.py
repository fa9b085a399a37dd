"""Children that are killed for real, started in milliseconds."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = Path(__file__).parent / "programs"


class ForkServer:
    """Runs the `main` of a program in a process of its own, as often as it is asked."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, str(PROGRAMS / "forks.py"), str(PROGRAMS / program)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def run(self, *arguments: object) -> bool:
        """Run a child; whether it came to its end, or was killed. Raises where it failed in any other way."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return False
        assert status == 0, f"the child ended with status {status}: see its traceback"
        return True
