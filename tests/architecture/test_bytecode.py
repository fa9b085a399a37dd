"""What the tests import is compiled once, and what they write is compiled anew each time."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from podium import app


def test_what_was_imported_is_kept_compiled() -> None:
    assert app.__file__ is not None
    assert Path(importlib.util.cache_from_source(app.__file__)).exists()


def test_what_a_test_writes_and_imports_is_not(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1\n")
    subprocess.run([sys.executable, "-c", "import one"], cwd=tmp_path, env=os.environ, check=True)
    assert sys.dont_write_bytecode
    assert [each.name for each in tmp_path.iterdir()] == ["one.py"]
