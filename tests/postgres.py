"""A PostgreSQL server of the tests' own: on a socket in a folder that will go, which nobody else can find."""

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal, LiteralString

import psycopg

_PLACES = tuple(f"/usr/lib/postgresql/{version}/bin" for version in (18, 17, 16, 15))
_STANDBY = "standby"
SUPERUSER = "postgres"
"""Who runs the server where the tests are run by root, whom it refuses."""

HERE = shutil.which("initdb") is not None or any(Path(place, "initdb").exists() for place in _PLACES)
"""Whether PostgreSQL is installed."""


class PostgresServer:
    """A server with one database; each store of a test has a schema of its own in it."""

    def __init__(self, folder: Path, *, durable: bool = False, primary: "PostgresServer | None" = None) -> None:
        """Make the server's files; without `durable` it does not wait for the disk, and may lose all when it dies.

        One of a `primary` is its standby, which it may be told to wait for (`wait_for_standby`).
        """
        self.folder = folder
        self._data = folder / "data"
        self._schemas = count(1)
        if os.getuid() == 0:
            shutil.chown(folder, SUPERUSER)
        if primary is not None:
            line = f"host={primary.folder} user={SUPERUSER} application_name={_STANDBY}"
            self._run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "-d", line, "-D", str(self._data))
            self.configure(unix_socket_directories=str(folder))
            return
        lines = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{folder}'",
            "max_connections = 200",
            "shared_buffers = 32MB",
            "max_wal_size = 256MB",
            "log_min_messages = fatal",
            "autovacuum_naptime = 10s",
        ]
        if not durable:
            lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
        self._run(
            "initdb",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            f"--username={SUPERUSER}",
            "--no-instructions",
            "-D",
            str(self._data),
        )
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def configure(self, **settings: str) -> None:
        """Change settings, which count when it is started."""
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def listen(self, host: str) -> None:
        """Have it listen at an address too, in a network of the test's own, and trust who comes over that."""
        self.configure(listen_addresses=host)
        with (self._data / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write("host all all samenet trust\n")

    def wait_for_standby(self, *, waits: bool = True) -> None:
        """Have each commit wait until a standby has it too."""
        self.configure(synchronous_standby_names=_STANDBY if waits else "")
        with suppress(RuntimeError):  # it does not run
            self._run("pg_ctl", "reload", "-s", "-D", str(self._data))

    def ask(self, query: LiteralString) -> None:
        """Have it carry out a statement."""
        with psycopg.connect(f"host={self.folder} user={SUPERUSER} dbname=postgres", autocommit=True) as connection:
            connection.execute(query)

    def promote(self) -> None:
        """Have a standby become a server that can be written, and wait until it is."""
        self._run("pg_ctl", "promote", "-w", "-s", "-D", str(self._data))

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._run("pg_ctl", "start", "-w", "-s", "-D", str(self._data), "-l", str(self.folder / "log"))

    def stop(self, how: Literal["fast", "immediate"] = "immediate") -> None:
        """Stop the server; `immediate` is as if its machine had lost power, but for what the system keeps for it."""
        _call(self.command_to_stop(how))

    def command_to_stop(self, how: Literal["fast", "immediate"]) -> Sequence[str]:
        """Return the command that stops the server."""
        return _command("pg_ctl", "stop", "-w", "-s", "-m", how, "-D", str(self._data))

    def address(self, schema: str | None = None) -> str:
        """Return the address of a store that nobody has made yet, or of the one in that schema."""
        return f"postgresql://{SUPERUSER}@/postgres?host={self.folder}&schema={schema or f's{next(self._schemas)}'}"

    def _run(self, program: str, *arguments: str) -> None:
        _call(_command(program, *arguments))


def _command(program: str, *arguments: str) -> Sequence[str]:
    found = shutil.which(program) or next(path for place in _PLACES if os.access(path := f"{place}/{program}", os.X_OK))
    return [*as_user(), found, *arguments]


def as_user() -> Sequence[str]:
    """Return what begins a command that has to be run by somebody else than root."""
    return ("setpriv", f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--init-groups") if os.getuid() == 0 else ()


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")


@contextmanager
def postgres_server(
    *, durable: bool = False, primary: PostgresServer | None = None, host: str | None = None
) -> Generator[PostgresServer]:
    """Run a server while a block lasts, and no longer than this process; with a `host` it listens there too."""
    folder = Path(mkdtemp(prefix="podium-pg-"))
    try:
        server = PostgresServer(folder, durable=durable, primary=primary)
        if host is not None:
            server.listen(host)
        with _stopped_with_this_process(server):
            server.start()
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stopped_with_this_process(server: PostgresServer) -> Generator[None]:
    """Have a shell stop the server and delete its files once a pipe is closed: at the end, or as this process dies."""
    script = 'cat >/dev/null; "$@" >/dev/null 2>&1; rm -rf "$0"'
    command = ["sh", "-c", script, str(server.folder), *server.command_to_stop("immediate")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True):  # it is waited for
        yield
