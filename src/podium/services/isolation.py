"""Commits that fail because of one operation: everything else is carried out without it."""

from collections.abc import Awaitable, Callable, Sequence

from podium.errors import StoreError, Unwritable
from podium.store.operations import Committed, CommitVerdict, Operation, Reserve, Write

CommitAnswer = CommitVerdict | StoreError


async def commit_apart(
    commit: Callable[[Sequence[Operation]], Awaitable[Committed]], operations: Sequence[Operation]
) -> tuple[list[CommitAnswer], Committed]:
    """Commit operations in as few transactions as isolate the ones that cannot be stored.

    Returns an answer for each operation, in order: its verdict, or the error of an operation that cannot be stored.
    What a run asked for after such an operation gets the same error: its journal may have no gap. Where the store
    itself cannot be used, what is left gets that error.
    """
    answers: list[CommitAnswer] = []
    whole = Committed([])
    refused: dict[int, StoreError] = {}
    todo: list[Sequence[Operation]] = [operations]
    while todo:
        part = todo.pop()
        asked = [operation for operation in part if _run_of(operation) not in refused]
        try:
            done = await commit(asked) if asked else Committed([])
        except Unwritable as error:
            if len(part) > 1:
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]
                continue
            answers.append(error)
            if (run := _run_of(part[0])) is not None:
                refused[run] = error
        except StoreError as error:
            answers += [error] * (len(operations) - len(answers))
            break
        else:
            whole.join(done)
            verdicts = iter(done.verdicts)
            answers += [refused[run] if (run := _run_of(each)) in refused else next(verdicts) for each in part]
    return answers, whole


def _run_of(operation: Operation) -> int | None:
    """Return the number of the run whose journal an operation goes into."""
    return operation.run if isinstance(operation, Write | Reserve) else None
