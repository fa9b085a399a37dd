"""A process that drives runs until its standard input ends: `python -m benchmarks.fleets.worker ADDRESS SETTINGS`.

Told anything, it collects its garbage, so that what is left in its memory can be measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys

from benchmarks.fleets.program import AGENTS, done
from podium import App


async def main() -> None:
    async with App.open(sys.argv[1], agents=AGENTS, **json.loads(sys.argv[2])):
        print("READY", flush=True)
        while await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            gc.collect()
            print("COLLECTED", flush=True)
    print(sum(done.values()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
