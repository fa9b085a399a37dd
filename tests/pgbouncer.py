"""A PgBouncer of the tests' own, between them and a PostgreSQL server of the tests' own."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from tests.postgres import SUPERUSER, PostgresServer, as_user

_PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
HERE = _PROGRAM is not None
"""Whether PgBouncer is installed."""
_PATIENCE = 60.0


@contextmanager
def pgbouncer(
    server: PostgresServer, mode: Literal["session", "transaction"], *, size: int = 60, round_robin: bool = False
) -> Generator[Path]:
    """Run a pooler while a block lasts; gives the folder of its socket, which is that of a server."""
    assert _PROGRAM is not None
    folder = Path(mkdtemp(prefix="podium-pool-"))
    (folder / "users").write_text(f'"{SUPERUSER}" ""\n', encoding="utf-8")
    (folder / "ini").write_text(
        f"[databases]\n* = host={server.folder} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\n"
        f"unix_socket_dir = {folder}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = {mode}\n"
        f"default_pool_size = {size}\nserver_round_robin = {int(round_robin)}\nlogfile = {folder}/log\n",
        encoding="utf-8",
    )
    if os.getuid() == 0:
        shutil.chown(folder, SUPERUSER)
    command = [*as_user(), _PROGRAM, "-q", str(folder / "ini")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + _PATIENCE
            while not (folder / ".s.PGSQL.5432").exists():
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < end, "it never listened"
                time.sleep(0.01)
            yield folder
        finally:
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)
