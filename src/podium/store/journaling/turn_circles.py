"""Finding out whether turns in conversations would wait for each other in a circle."""

from collections.abc import Iterator

from podium.model.run import START
from podium.store.journaling.conversations import TurnRow
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import Transaction


def closes_circle(transaction: Transaction, standings: Standings, wanted: TurnRow) -> bool:
    """Whether a turn at the end of its queue waits, over whatever others, for one that is not over before itself.

    Every circle is closed by a turn that is wanted: a child run that is started waits for nothing yet, and of a queue
    only the end grows. So it is enough to ask then. The search goes against the waiting: from the turns that cannot be
    over before this one is given, to those that wait behind them, and so on. That asks for the runs above a run, which
    are few, and never for those below it.
    """
    seen, waiting = {wanted.n}, [wanted]
    while waiting:
        for late in _over_after(transaction, standings, waiting.pop()):
            if late.within is not None:  # nobody queues behind it, only behind the one around it
                continue
            if late.conversation == wanted.conversation and late.n < wanted.n:
                return True
            behind = [each for each in transaction.queue(late.conversation) if each.n > late.n and each.n not in seen]
            seen.update(each.n for each in behind)
            waiting += behind
    return False


def _over_after(transaction: Transaction, standings: Standings, row: TurnRow) -> Iterator[TurnRow]:
    """Give the turns that are not over before one that waits is given.

    Those of its own run that it is inside of, or that are inside of it: these are held already where a retry takes the
    one around them anew. And all of the runs that started its run, since which of them await it cannot be seen.
    """
    for each in transaction.turns_of([row.run]):
        if _is_around(each.key, row.key) or _is_around(row.key, each.key):
            yield each
    yield from transaction.turns_of(list(_above(standings, row.run)))


def _above(standings: Standings, run: str) -> Iterator[str]:
    """Give the runs that a run is a child of, directly or not."""
    standing = standings.of(run)
    while standing is not None and standing.parent is not None:
        yield standing.parent
        standing = standings.of(standing.parent)


def _is_around(key: str, other: str) -> bool:
    return key in (START, other) or other.startswith((f"{key}.", f"{key}/"))
