"""Reads `git log --numstat`: who changed which lines of which file, and when."""

from dataclasses import dataclass

FORMAT = "--format=%x1e%h%x1f%aN%x1f%ct%x1f%s"
"""A record a commit: short hash, author (as .mailmap has it), time, subject; with -z the changes follow after a NUL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: how many lines it added and removed in each file, under the name that the file has today."""

    id: str
    author: str
    at: int
    subject: str
    lines: dict[str, int]


def commits(log: str) -> list[Commit]:
    """Read the output of `git log -z --numstat` in this format, newest first; renames are followed back."""
    today: dict[str, str] = {}
    found: list[Commit] = []
    for record in log.split("\x1e")[1:]:
        header, _, changes = record.partition("\0")
        commit, author, at, subject = header.split("\x1f", 3)
        lines = _lines(changes, today)
        found.append(Commit(id=commit, author=author, at=int(at), subject=subject.strip(), lines=lines))
    return found


def _lines(changes: str, today: dict[str, str]) -> dict[str, int]:
    """Return the lines changed in each file, and note in `today` what files were called before."""
    lines: dict[str, int] = {}
    parts = iter(changes.lstrip("\n").split("\0"))
    for part in parts:
        if not part:
            continue
        added, removed, path = part.split("\t", 2)
        if not path:  # a rename: the old and the new name follow
            old, new = next(parts), next(parts)
            path = today.get(new, new)
            today[old] = path
        name = today.get(path, path)
        lines[name] = lines.get(name, 0) + sum(int(each) for each in (added, removed) if each != "-")
    return lines
