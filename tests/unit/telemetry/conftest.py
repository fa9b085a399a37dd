"""What the tests of telemetry stand on."""

from pathlib import Path

import pytest

from tests.unit.engine.bench import Bench
from tests.unit.telemetry.tracing import Tracing


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an empty bench."""
    return Bench(tmp_path)


@pytest.fixture
def tracing() -> Tracing:
    """Return a provider of spans."""
    return Tracing()
