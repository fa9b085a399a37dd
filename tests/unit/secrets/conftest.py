"""Each test begins with nothing that is secret."""

from collections.abc import Generator
from pathlib import Path

import pytest

from podium.secrets.masking import MASKING
from tests.unit.engine.bench import Bench


@pytest.fixture(autouse=True)
def nothing_secret() -> Generator[None]:
    """Forget what the process knows before and after a test."""
    MASKING.forget()
    yield
    MASKING.forget()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an empty bench."""
    return Bench(tmp_path)
