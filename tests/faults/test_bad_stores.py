"""Files that are no store of ours, damaged, read-only or on a full disk: one clear sentence, and nothing lost."""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium import App, Context, RunState, workflow
from podium.errors import NotAStore, StoreDamaged, StoreError, StoreUnavailable
from podium.testing import scripted
from tests.faults.children import PROGRAMS

SIZE = 40_000


fill = scripted("fill", lambda n: f"{n:04}" * (SIZE // 4))


@workflow
async def job(ctx: Context, n: int) -> str:
    return await ctx.call(fill, n)


async def opened(path: Path) -> None:
    async with App.open(path, agents=[job]):
        pass


def refused(path: Path, kind: type[StoreError], words: str) -> None:
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(kind, match=words) as caught:
        asyncio.run(opened(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before, "it was changed"


async def work(path: Path, runs: int) -> None:
    async with App.open(path, agents=[job]) as app:
        for n in range(runs):
            assert len(await app.run(job, n)) == SIZE


def test_a_text_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 200)
    refused(path, NotAStore, "it is no SQLite file")


def test_the_database_of_another_program_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cookies (name TEXT)")
    connection.commit()
    connection.close()
    refused(path, NotAStore, "the SQLite file of another program")


def test_the_store_of_a_newer_podium_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "podium.db"
    asyncio.run(opened(path))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    refused(path, NotAStore, "newer Podium .schema 9999.*Update Podium")


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, StoreUnavailable, "cannot be used")
    refused(tmp_path / "none" / "podium.db", StoreUnavailable, "the folder of the store .* does not exist")


def test_a_truncated_store_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "podium.db"
    asyncio.run(work(path, 5))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreDamaged, match=r"is damaged.*podium doctor"):
        asyncio.run(all_of(path))


async def all_of(path: Path) -> None:
    async with App.open(path, agents=[job]) as app:
        for run in await app.runs.list():
            await app.runs.facts(run.id)


def test_a_file_of_which_only_the_head_is_left_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "podium.db"
    asyncio.run(work(path, 1))
    os.truncate(path, 5_000)
    with pytest.raises(StoreDamaged, match="is damaged"):
        asyncio.run(opened(path))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 2 MB, where the system lets us make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "podium-test", str(folder)], check=False, capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.system
def test_on_a_full_disk_it_says_so_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    path = small_disk / "podium.db"
    with pytest.raises(StoreUnavailable, match=f"the disk of {path} is full"):
        asyncio.run(work(path, 200))
    with pytest.raises(StoreUnavailable, match="is full"):
        asyncio.run(work(path, 200))  # opening alone may still fit, into the room that the log of SQLite has taken
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert asyncio.run(finished(path)) > 5


def test_at_the_limit_of_a_files_size_it_says_so_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """The same as a full disk, where none can be mounted: the system lets no file of the child grow beyond 1 MB."""
    path = tmp_path / "podium.db"
    command = [sys.executable, str(PROGRAMS / "filling.py"), str(path)]
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, preexec_fn=limit)
    assert child.returncode == 3, child.stderr
    assert "StoreUnavailable" in child.stdout
    assert f"unready: the disk of {path} is full" in child.stdout or f"unready: the store {path} cannot" in child.stdout
    assert str(path) in child.stdout
    assert asyncio.run(finished(path)) > 5


def limit() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


async def finished(path: Path) -> int:
    """Return how many runs there are, once all have ended as they should."""
    async with App.open(path, agents=[job]) as app:
        runs = await app.runs.list()
        for run in runs:
            assert len(await (await app.handle(run.id)).result()) == SIZE
            assert await app.reports.verify(run.id) == []
        return sum(run.state is RunState.DONE for run in await app.runs.list())


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root writes everywhere; setpriv is not there"
)
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_is_said_to_be_read_only(tmp_path: Path, what: str) -> None:
    folder = Path("/tmp") / f"podium-read-only-{os.getpid()}"
    folder.mkdir()
    try:
        path = folder / "podium.db"
        asyncio.run(work(path, 1))
        path.chmod(0o444 if what == "file" else 0o666)
        folder.chmod(0o555)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*nobody, sys.executable, str(PROGRAMS / "filling.py"), str(path)]
        child = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env={"PATH": os.environ["PATH"]}
        )
        assert child.returncode == 3, child.stderr
        assert child.stdout.startswith("StoreUnavailable:"), child.stdout
        assert str(path) in child.stdout
        folder.chmod(0o755)
        path.chmod(0o644)
        assert asyncio.run(finished(path)) == 1
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
