"""A journal has room for so many facts; what is more is refused, and does not run into the next run's."""

import pytest

from podium.model.fact import FactKind
from podium.store.inserting import NewFact
from podium.store.journaling.appending import Head, Salts, chained
from podium.store.journaling.chain import GENESIS, PLACE_BITS


def test_a_full_journal_takes_no_fact() -> None:
    last, facts = (1 << PLACE_BITS) - 1, [NewFact(FactKind.TIMER, "0", 1.0, b"{}", None)]
    rows, head = chained(1, Head(b"r", last, GENESIS), 1, facts, Salts())
    assert rows[0][0] == (2 << PLACE_BITS) - 1
    with pytest.raises(OverflowError, match="no run can have more than 16777216"):
        chained(1, head, 1, facts, Salts())
