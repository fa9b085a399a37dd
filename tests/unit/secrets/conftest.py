"""What the tests of secrets have in common."""

from pathlib import Path

import pytest

from tests.unit.engine.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an empty bench."""
    return Bench(tmp_path)
