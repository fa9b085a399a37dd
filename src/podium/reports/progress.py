"""How far an audit has come, in a file, so that one that was interrupted goes on where it stopped."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from podium.errors import ConfigError
from podium.model.audit import Audit, AuditFault, Ledger

_RUNS = 500
"""So many runs are read before it is written down how far the audit has come."""


class AuditProgress:
    """Remembers after which run an audit stopped, and what it had found by then."""

    def __init__(self, path: Path) -> None:
        """Use a file, which is there only while an audit is not done; best where the store's writers cannot write."""
        self._path = path
        self._read = 0
        self._trusted: list[str] = []

    def resume(self, ledger: Ledger, found: Audit, trusted: Sequence[str]) -> str | None:
        """Take up what an earlier audit found, and return the run after which it stopped; None begins anew.

        It is begun anew where the ledger is not the one that was read then, where other keys were trusted, by which
        signatures were checked, and where the run is gone. Raises ConfigError where the file is none.
        """
        self._trusted = sorted(trusted)
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            n, chained, run = int(said["n"]), bytes.fromhex(said["hash"]), str(said["run"])
            runs, redacted = int(said["runs"]), int(said["redacted"])
            faults = [AuditFault(str(each["where"]), str(each["what"])) for each in said["faults"]]
            unproved, keys = [str(each) for each in said["unproved"]], said.get("trusted")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self._path} says not how far an audit has come. Name another file.") from error
        if not any((entry.n, entry.hash) == (n, chained) for entry in ledger.entries()) and n:
            found.unproved.append(f"the audit begins anew: the ledger is not the one of which {self._path} tells")
            return None
        if keys != self._trusted:
            found.unproved.append(f"the audit begins anew: the one of which {self._path} tells trusted other keys")
            return None
        if run not in ledger.runs():
            found.unproved.append(f"the audit begins anew: the run at which {self._path} stopped is gone")
            return None
        found.faults += faults
        found.unproved += [*unproved, f"{runs} runs were read by an earlier audit, and are as they were then"]
        found.runs, found.redacted = runs, redacted
        return run

    def note(self, ledger: Ledger, found: Audit, run: str) -> None:
        """Write down, every so many runs, that all up to this one are read."""
        self._read += 1
        if self._read % _RUNS:
            return
        n, chained = ledger.last()
        said = {
            "n": n, "hash": chained.hex(), "run": run, "runs": found.runs, "redacted": found.redacted,
            "trusted": self._trusted, "faults": [asdict(fault) for fault in found.faults], "unproved": found.unproved,
        }  # fmt: skip
        half = self._path.with_name(f"{self._path.name}.new")
        try:
            half.write_text(json.dumps(said), encoding="utf-8")
            half.replace(self._path)
        except OSError as error:
            raise ConfigError(f"{self._path} cannot be written: {error.strerror}") from error

    def done(self) -> None:
        """Forget it: all is read."""
        self._path.unlink(missing_ok=True)
