"""Runs that are killed mid-way: the gate that holds them there, and the process that kills."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import NoReturn

from benchmarks.job import Job
from benchmarks.measuring import WrongResult, wait_until

HELD_MARK = "HELD"
STEPS_BEFORE_HOLD = 2


class Held:
    """A gate inside the third step: closed in the process to be killed, open in the next."""

    def __init__(self) -> None:
        self.closed = False
        self.entered = 0
        self.passed = 0
        self._lock = threading.Lock()

    def note(self) -> None:
        """Count one executed step."""
        with self._lock:
            self.passed += 1

    def stop_here(self, step: int) -> bool:
        """Whether a run that begins this step (from 0) has to hang in it; counts those."""
        if not self.closed or step != STEPS_BEFORE_HOLD:
            return False
        with self._lock:
            self.entered += 1
        return True

    def hang(self) -> None:
        """Block the calling thread for good: only SIGKILL ends it."""
        threading.Event().wait()

    def announce(self, runs: int) -> NoReturn:
        """Tell the process that will kill this one that every run hangs in its third step.

        Never returns. Threads that hang keep a process from ending in the usual way, so this one
        leaves by os._exit if the runs do not get there, or if nobody is left to kill it.
        """
        killer = os.getppid()
        try:
            wait_until("runs held mid-way", lambda: self.entered == runs)
            print(HELD_MARK, flush=True)
            while os.getppid() == killer:
                time.sleep(0.5)
        except WrongResult as failure:
            print(f"{failure}; {self.entered} of {runs} were", file=sys.stderr, flush=True)
        os._exit(1)


def kill_midway(job: Job) -> None:
    """Run the job's victim in a process of its own, and SIGKILL it once all runs are mid-way."""
    victim = replace(job, function="victim")
    command = [sys.executable, "-m", "benchmarks.child", victim.to_json()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if line != HELD_MARK:
            raise WrongResult(f"the victim of {job.system} ended with {line!r} before being killed")
    finally:
        process.kill()
        process.wait()
