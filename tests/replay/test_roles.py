"""The histories of every role of every pattern must replay for ever, whatever shape the member has that fills it."""

import json
from pathlib import Path
from typing import Any

import pytest

from podium import App
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.testing import DrivenClock
from tests.catalogue.roles.badly import BADLY
from tests.replay.journals import ends_as_it_ended, facts_of, taken_up
from tests.replay.roles import PLAYED

RECORDED = sorted((Path(__file__).parent / "histories").glob("*/roles/*.json"))


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def since_the_pattern_ended(history: dict[str, Any]) -> int:
    """Return how many facts there are from the answer of the pattern on: what is over is not gone through again."""
    facts = facts_of(history)
    return len(facts) - next(n for n, each in enumerate(facts) if each.kind is FactKind.ANSWERED and each.key == "0")


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
async def test_the_recorded_histories_of_the_roles_of_a_pattern_end_as_they_ended(path: Path) -> None:
    histories = read(path)
    clock = DrivenClock(max(facts_of(history)[-1].at for history in histories.values()))
    async with App.open(":memory:", clock=clock) as app:
        for name, history in histories.items():
            entry, shape = PLAYED[name]
            app.register(entry.team(shape, name))
            last = since_the_pattern_ended(history)
            if entry not in BADLY:
                await ends_as_it_ended(app, clock, history, last)
            else:  # what a bad answer leads to may be another thing now, and may be put in other words
                run, _ = await taken_up(app, clock, history, last)
                assert run.state is not RunState.BLOCKED, f"{name}: {run.reason}"


def test_there_are_histories_of_the_roles_of_every_pattern() -> None:
    recorded = {name for path in RECORDED for name in read(path)}
    assert recorded <= set(PLAYED), "what is recorded must be replayed"
    assert {PLAYED[name].entry.pattern for name in recorded} == {played.entry.pattern for played in PLAYED.values()}
