"""Python looks for no reference cycles while a server starts, then among few objects at a time."""

import subprocess
import sys

PROGRAM = """
import gc, sys
from podium.cli.pauses import keep_pauses_short, pauses_put_off

looked = []
gc.callbacks.append(lambda phase, said: looked.append(said["generation"]) if phase == "start" else None)
with pauses_put_off():
    before = [[number] for number in range(100_000)]
    print(not looked)
    gc.set_threshold(50_000, 10, 10)
    keep_pauses_short()
objects = [[number] for number in range(100_000)]
print(sys.getswitchinterval() < 0.002, looked.count(0) >= 15, 2 not in looked, gc.get_freeze_count() > 100_000)
"""


def test_looks_are_many_and_pass_over_what_was_there_at_the_start() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert said.stdout.split() == ["True"] * 5
