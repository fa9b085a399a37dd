"""What the tools say of the files in deploy/: through a program in Go, which scripts/install_system_tools makes."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_TOOLS = ROOT / ".venv" / "deploy-checks"


class Refused(Exception):
    """A tool does not take a file, and says why."""


def checked(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Any:
    """Return what a tool makes of a file."""
    if not (_TOOLS / "checks").exists():
        pytest.skip("what checks deploy/ is not installed: scripts/install_system_tools installs it")
    command = [_TOOLS / "checks", *arguments]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return json.loads(done.stdout)


def wrong_in(objects: object, folder: Path) -> list[str]:
    """Return what the schemas of Kubernetes and KEDA find wrong in objects."""
    file = folder / "objects.json"
    file.write_text(json.dumps(objects), encoding="utf-8")
    return checked("kubernetes", _TOOLS / "swagger.json", _TOOLS / "keda", file)
