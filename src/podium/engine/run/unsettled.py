"""What an earlier process had set aside when it died: how it ended is unknown, so it counts as spent."""

from dataclasses import replace

from podium.engine.run.history import History
from podium.engine.run.run_journal import RunJournal
from podium.model.budget import nano
from podium.model.fact import Fact
from podium.model.facts.calls import StepDone
from podium.model.facts.money import AmountReserved, settled
from podium.model.step import CACHE_STEP, is_under_guard
from podium.store.operations import Settle


def count_unsettled_as_spent(history: History, journal: RunJournal) -> None:
    """Settle it at its bound, in doubt, but for what steps have told of the price of a whole call."""
    for reservation, fact in history.reserved.items():
        said = fact.content
        assert isinstance(said, AmountReserved)  # as history keeps no others
        told, doubted = _told_since(history, fact) if said.usd and said.calls else (0, 0)
        if not told and not doubted:
            settling = Settle(reservation, None, in_doubt=True)
            ended = settled(reservation, said.amount, in_doubt=True, by=said.by)
        else:
            spent = replace(said.amount, usd=max(said.usd, told + doubted))
            doubt = spent.usd - told
            settling = Settle(reservation, spent, doubt=doubt)
            ended = settled(reservation, spent, in_doubt=bool(doubt), doubt=doubt, untold=doubt - doubted, by=said.by)
        journal.append(ended, fact.key, effects=[settling])
    history.reserved.clear()


def _told_since(history: History, reserved: Fact) -> tuple[int, int]:
    """Return what is recorded of the steps that the price of a call is for: what they told, and what they did not."""
    told = doubted = 0
    for path, record in history.steps.get(reserved.key, {}).items():
        done = record.done
        if done is None or done.seq < reserved.seq or record.name == CACHE_STEP or is_under_guard(path):
            continue
        usage = done.content.usage if isinstance(done.content, StepDone) and not done.content.beside else None
        if usage is None or usage.usd is None:
            continue
        if usage.in_doubt:
            doubted += nano(usage.usd)
        else:
            told += nano(usage.usd)
    return told, doubted
