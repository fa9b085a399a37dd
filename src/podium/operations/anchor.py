"""The anchor: seals written down elsewhere, one a line, so that a store set back to an older copy shows."""

import json
import os
from pathlib import Path

from podium.errors import ConfigError
from podium.model.audit import Anchor, KeyChange, Seal
from podium.model.json import Json


def write_anchor(path: Path, said: Seal | KeyChange) -> None:
    """Append a seal, or that the key was replaced, to the file; raises ConfigError where it cannot be written.

    A line that somebody who died left torn is ended first, so that this one is whole.
    """
    line = json.dumps(_line_of(said)) + "\n"
    try:
        with path.open("ab+") as file:
            if file.tell() and not _ends_with_a_line(path):
                line = "\n" + line
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigError(f"the anchor {path} cannot be written: {error.strerror}") from error


def read_anchor(path: Path) -> Anchor:
    """Return what a file says, in order; raises ConfigError with the line that is no seal.

    A line that begins as one and has no end is told, and passed over: whoever wrote it died.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigError(f"the anchor {path} cannot be read: {error.strerror}") from error
    seals: list[Seal] = []
    changes: list[KeyChange] = []
    torn: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            if "new" in said:
                changes.append(_change_of(said))
            else:
                seals.append(_seal_of(said))
        except (ValueError, KeyError, TypeError) as error:
            if not _is_torn(line):
                raise ConfigError(f"line {number} of the anchor {path} is no seal") from error
            torn.append(number)
    return Anchor(seals=seals, key_changes=changes, torn=torn)


def _line_of(said: Seal | KeyChange) -> dict[str, Json]:
    if isinstance(said, Seal):
        return {"n": said.n, "hash": said.hash.hex(), "at": said.at, "signature": said.signature.hex()}
    return {
        "n": said.entry, "old": said.old, "new": said.new, "at": said.at, "by": said.by, "why": said.why,
        "signature": said.signature.hex(), "accepted": said.accepted.hex(),
    }  # fmt: skip


def _seal_of(said: Json) -> Seal:
    chained, signature = bytes.fromhex(said["hash"]), bytes.fromhex(said["signature"])
    return Seal(n=int(said["n"]), hash=chained, at=said["at"], signature=signature)


def _change_of(said: Json) -> KeyChange:
    return KeyChange(
        entry=int(said["n"]), old=said["old"], new=said["new"], at=said["at"], by=said["by"], why=said["why"],
        signature=bytes.fromhex(said["signature"]), accepted=bytes.fromhex(said["accepted"]),
    )  # fmt: skip


def _is_torn(line: str) -> bool:
    """Whether a line is the beginning of one that we write."""
    begin = '{"n": '
    return not line.endswith("}") and begin.startswith(line[: len(begin)])


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
