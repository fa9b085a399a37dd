"""The bench on which the engine is tested."""

from pathlib import Path

import pytest

from podium.services.streams import reading
from tests.unit.engine.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an empty bench."""
    return Bench(tmp_path)


@pytest.fixture(params=[50, 2], ids="{} facts".format)
def facts_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have whoever reads a stream read so many facts in a look: few, so that one who is behind takes several."""
    monkeypatch.setattr(reading, "_AT_ONCE", request.param)
