"""The first agent: looks at what is to be reviewed, so that a resumed review does not depend on where it is resumed."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict

from podium import Call, agent

PROGRAMS = "Scripts" if os.name == "nt" else "bin"
Reviewer = Literal["linter", "type_checker", "security", "tests", "history"]
_NOT_SOURCE = {"build", "dist", "node_modules", "site-packages"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is asked for; a misspelt wish is refused, for the default would run the tests of the current folder."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    path: str = "."
    report: str | None = None
    """The file to write; unless given, one for each run in `.podium/reviews` of the current folder."""
    skip: list[Reviewer] = field(default_factory=list[Reviewer])
    """Reviewers to leave out, such as `tests`, which runs the project's code."""
    seconds: float = 300.0
    """How long any one reviewer may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project under review."""

    root: str
    venv: str | None
    """Its virtual environment: tools are looked for there first."""
    apart: list[str]
    """Folders in it that are not its source."""
    model: str | None
    """The model that reviews too, as VENDOR:NAME."""
    report: str
    """The file to write."""

    @property
    def path(self) -> Path:
        """The project's folder."""
        return Path(self.root)


@agent
def open_project(request: Review, call: Call) -> Project:
    """Look at the folder that is to be reviewed."""
    root = Path(request.path).expanduser().resolve()
    if not root.is_dir():
        problem = "is a file" if root.exists() else "does not exist"
        raise ValueError(f"{root} {problem}: `path` must be the folder of a project")
    return Project(
        root=str(root),
        venv=_venv_of(root),
        apart=sorted(each.name for each in root.iterdir() if each.is_dir() and _is_apart(each)),
        model=os.environ.get("PODIUM_MODEL") or None,
        report=str(Path(request.report or f".podium/reviews/{root.name}-{call.run}.md").expanduser().resolve()),
    )


def _venv_of(root: Path) -> str | None:
    """Return the `.venv` of the project: its own, or that of the repository it is a folder of."""
    for folder in (root, *root.parents):
        if (folder / ".venv" / PROGRAMS).is_dir():
            return str(folder / ".venv")
        if (folder / ".git").exists():
            return None
    return None


def _is_apart(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _NOT_SOURCE or (folder / "pyvenv.cfg").exists()
