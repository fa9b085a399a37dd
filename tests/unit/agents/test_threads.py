import asyncio
import os
import subprocess
import sys
import threading

import pytest

from podium.agents.threads import Threads


def test_a_thread_is_used_again() -> None:
    threads = Threads()

    async def many() -> set[int]:
        return {await threads.run(threading.get_ident) for _ in range(1_000)}

    assert len(asyncio.run(many())) == 1


def test_no_more_threads_than_allowed_run_at_once() -> None:
    threads = Threads(most=2)

    async def many() -> set[int]:
        return set(await asyncio.gather(*(threads.run(threading.get_ident) for _ in range(50))))

    assert len(asyncio.run(many())) <= 2


def test_work_that_waits_for_other_work_gets_a_thread_of_its_own() -> None:
    threads = Threads()
    gate = threading.Barrier(8, timeout=120)

    async def meet() -> int:
        return len(await asyncio.gather(*(threads.run(gate.wait) for _ in range(8))))

    assert asyncio.run(meet()) == 8


def test_an_idle_thread_ends() -> None:
    threads = Threads(idle=0.001)
    thread = asyncio.run(threads.run(threading.current_thread))
    thread.join(timeout=120)
    assert not thread.is_alive()


def test_stop_iteration_is_an_error_like_another() -> None:
    def stop() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(Threads().run(stop))


def test_cancelled_work_that_has_not_begun_is_dropped() -> None:
    threads = Threads(most=1)
    gate = threading.Event()
    done: list[str] = []

    async def cancel_second() -> None:
        first = asyncio.ensure_future(threads.run(lambda: gate.wait(120)))
        second = asyncio.ensure_future(threads.run(lambda: done.append("second")))
        third = asyncio.ensure_future(threads.run(lambda: done.append("third")))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, third)

    asyncio.run(cancel_second())
    assert done == ["third"]


def test_a_hanging_function_does_not_keep_the_process_from_exiting() -> None:
    program = """
import asyncio, threading
from podium.agents.threads import AGENT_THREADS
async def main():
    started = threading.Event()
    task = asyncio.ensure_future(AGENT_THREADS.run(lambda: (started.set(), threading.Event().wait())))
    await AGENT_THREADS.run(started.wait)
    task.cancel()
asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, timeout=120, check=False)
    assert ended.returncode == 0
