"""The anchor: seals written down elsewhere, one a line, so that a store set back to an older copy shows."""

import json
from pathlib import Path

from podium.errors import ConfigError
from podium.model.audit import Seal


def write_anchor(path: Path, seal: Seal) -> None:
    """Append a seal to the file; raises ConfigError where it cannot be written."""
    line = {"n": seal.n, "hash": seal.hash.hex(), "at": seal.at, "signature": seal.signature.hex()}
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise ConfigError(f"the anchor {path} cannot be written: {error.strerror}") from error


def read_anchor(path: Path) -> list[Seal]:
    """Return the seals of a file, in order; raises ConfigError with the line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"the anchor {path} cannot be read: {error.strerror}") from error
    found: list[Seal] = []
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            chained, signature = bytes.fromhex(said["hash"]), bytes.fromhex(said["signature"])
            found.append(Seal(n=said["n"], hash=chained, at=said["at"], signature=signature))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"line {number} of the anchor {path} is no seal") from error
    return found
