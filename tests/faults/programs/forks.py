"""Forks a process for each request: importing is done once, and a kill costs milliseconds.

`python forks.py PROGRAM`: its `warm()` loads what is loaded late. Then each line on standard input is a JSON list of
arguments for the program's `main(*arguments)`, which runs in a child of its own, to its end or its death. Each answer
is a line: the child's exit status as `waitpid` gives it.
"""

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3])]
    spec = importlib.util.spec_from_file_location("program", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    sys.modules["program"] = program  # type hints of its workflows are looked up there
    spec.loader.exec_module(program)
    program.warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(program.main, json.loads(line))
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


def run(function: object, arguments: list[object]) -> None:
    assert callable(function)
    try:
        function(*arguments)
    except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
