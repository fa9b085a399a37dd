"""The tasks that a worker runs for as long as it lives."""

import asyncio
from collections.abc import Callable, Coroutine


def run_services(
    *services: Callable[[], Coroutine[None, None, None]], failed: Callable[[BaseException], None]
) -> "asyncio.Task[None]":
    """Run services that never end by themselves; the first that does ends them all, and `failed` is told why."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    task = asyncio.create_task(run_together(*services))
    task.add_done_callback(ended)
    return task


async def run_together(*services: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run services that never end by themselves; the first that does ends them all, and its error is raised."""
    first: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(_for_ever(service))
    except* Exception as failures:
        first = failures.exceptions[0]
    if first is not None:
        raise first


async def _for_ever(service: Callable[[], Coroutine[None, None, None]]) -> None:
    await service()
    raise RuntimeError(f"the service {service!r} has ended")
