"""What holds for every test: no network, no real model, folders in memory, and in CI no skipped test."""

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from podium.secrets.masking import MASKING
from tests.bytecode import keep_bytecode, keep_no_more_bytecode
from tests.examples import examples
from tests.forking.commands import FORKED_FROM, zygotes
from tests.imports import imports_forgotten
from tests.new_stores import copy_new_stores
from tests.offline import refuse_model_requests, stay_offline
from tests.postgres import HERE, PostgresServer, postgres_server
from tests.scratch import real_disk, use_memory

if TYPE_CHECKING:
    from tests.temporal import TemporalServer

EXAMPLES = Path(__file__).parents[1] / "examples"
NO_SKIP = os.environ.get("CI") == "true" or os.environ.get("PODIUM_NO_SKIP") == "1"

gc.disable()  # until all is imported: there is no garbage, and looking for it is a fifth of the imports' time
keep_bytecode()
stay_offline()
use_memory()
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background, and inherited
settings.register_profile("podium", deadline=None, max_examples=examples(), derandomize=NO_SKIP)
settings.load_profile("podium")


@pytest.fixture(autouse=True)
def own_imports(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Have no test find modules that another one loaded from a file that it wrote, or from an example."""
    with imports_forgotten(tmp_path_factory.getbasetemp(), EXAMPLES):
        yield


@pytest.fixture(autouse=True)
def own_secrets() -> Generator[None]:
    """Have no test find masked what another one had for a secret: it may be any word."""
    yield
    MASKING.forget()


@pytest.fixture(scope="session", autouse=True)
def new_stores(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have new stores copied from one."""
    copy_new_stores(tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """Return a PostgreSQL server that loses all when it dies."""
    if not HERE:
        pytest.skip("PostgreSQL is not installed: scripts/install_system_tools installs it")
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def temporal() -> Generator["TemporalServer"]:
    """Return a server of Temporal that loses all when the tests end."""
    from tests.temporal import PROGRAM, temporal_server  # noqa: PLC0415 - Temporal's package takes long to load

    if not PROGRAM.exists():
        pytest.skip("Temporal's server is not installed: scripts/install_servers builds it")
    with temporal_server() as server:
        yield server


@pytest.fixture
def disk_path() -> Generator[Path]:
    """Return an empty folder on a disk, for what is only worth something there; the one of `tmp_path` is in memory."""
    with TemporaryDirectory(dir=real_disk(), prefix="podium-") as folder:
        yield Path(folder)


@pytest.fixture
def tmp_store(tmp_path: Path) -> Path:
    """Return the path of a store that is not there yet, in a folder that will go."""
    return tmp_path / "podium.db"


def pytest_xdist_auto_num_workers() -> int:
    """Have one process more than there are cores: tests wait much, for time and other processes."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_setupnodes() -> None:
    """Have all processes of the tests fork from the same two, which import what they need once."""
    os.environ[FORKED_FROM] = zygotes()


def pytest_collection_finish() -> None:
    """Have all modules of the tests compiled by now, and the garbage collector look at none of what they hold."""
    keep_no_more_bytecode()
    gc.freeze()
    gc.enable()


def pytest_runtest_setup() -> None:
    """Refuse real models before each test: the modules that are tested may have loaded them."""
    refuse_model_requests()


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where nothing may be skipped; an expected failure is no skip."""
    if NO_SKIP and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure here: {report.longrepr}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at each report of a test."""
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at each report of a module that was collected."""
    report = yield
    fail_if_skipped(report)
    return report
