"""What a run or a question is called on the command line: its id, as much of it as is unique, `last` or `next`."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from podium.errors import UnknownQuestion, UnknownRun, UsageError
from podium.facade.reader import View
from podium.model.question import Question
from podium.model.run import Run
from podium.store.protocol import Page

LAST = "last"
"""Stands for the newest run."""
NEXT = "next"
"""Stands for the question that has waited longest."""
_SHOWN = 5


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


async def run_in(view: View, name: str) -> Run:
    """Return a run by its id or how that begins, or the newest that is no child run for `last`.

    Raises UnknownRun, and UsageError where several begin so.
    """
    if name != LAST:
        return await _named("runs", name, view.runs.get, lambda: view.runs.list(prefix=name, limit=_SHOWN + 1))
    cursor = None
    while True:
        page = await view.runs.list(cursor=cursor)
        for run in page.items:
            if run.parent is None:
                return run
        if (cursor := page.cursor) is None:
            raise UnknownRun("there are no runs yet. `podium run FILE` starts one.")


async def dead_letter_in(view: View, name: str) -> str:
    """Return the id of a run, as `run_in`; `last` stands for the newest dead letter."""
    if name != LAST:
        return (await run_in(view, name)).id
    newest = (await view.reports.dead_letters(limit=1)).items
    if not newest:
        raise UnknownRun("there are no dead letters.")
    return newest[0].run.id


async def question_in(view: View, name: str) -> Question:
    """Return a question by its id or how that begins, or the one that has waited longest for `next`.

    Raises UnknownQuestion, and UsageError where several begin so.
    """
    if name != NEXT:
        inbox = view.inbox
        return await _named("questions", name, inbox.get, lambda: inbox.list(state=None, prefix=name, limit=_SHOWN + 1))
    waiting = (await view.inbox.list(limit=1)).items
    if not waiting:
        raise UnknownQuestion("no question waits for an answer.")
    return waiting[0]


async def _named(
    what: str, name: str, get: Callable[[str], Awaitable[N]], begin_so: Callable[[], Awaitable[Page[N]]]
) -> N:
    """Return what has this id, or else the only one whose id begins so."""
    if not name:
        raise UsageError("the id is empty, as that of a shell variable that is not set: give an id, or how it begins.")
    try:
        return await get(name)
    except (UnknownRun, UnknownQuestion):
        found = await begin_so()
        if not found:
            raise
    if len(found) == 1:
        return found[0]
    ids = ", ".join(each.id for each in found.items[:_SHOWN])
    more = " and more" if len(found) > _SHOWN else ""
    raise UsageError(f"the ids of several {what} begin with {name!r}: {ids}{more}. Give more of the one that you mean.")
