"""From FILE:NAME to agents and workflows: loads a Python file as `python FILE` would see it, or a team in YAML."""

import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from podium import lazy
from podium.errors import PatternError, UsageError
from podium.model.agent import AnyAgent, is_agent

if TYPE_CHECKING:
    from podium.patterns.loading import team as teams
else:
    teams = lazy.module("podium.patterns.loading.team")

FOLDER_FILE = "workflow.py"
"""The file of a folder that holds its workflow."""
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file holds at its top level."""

    path: Path
    names: Mapping[str, object]
    """Everything there by its name."""
    agents: Sequence[AnyAgent]
    """All agents, workflows among them, each once."""
    default: str | None = None
    """The workflow that is meant where none is named."""

    @property
    def workflows(self) -> list[AnyAgent]:
        """The agents that can be started as runs."""
        return [agent for agent in self.agents if agent.card.traits.runs_inline]

    def workflow(self, name: str | None) -> AnyAgent:
        """Return the workflow of a name, or the only one; raises UsageError that says which there are."""
        workflows = self.workflows
        name = name or self.default
        names = ", ".join(sorted({agent.card.name for agent in workflows})) or "none"
        if name is None:
            if len(workflows) == 1:
                return workflows[0]
            if not workflows:
                raise UsageError(f"{self.path} has no workflow at its top level: write one with @workflow.")
            raise UsageError(f"{self.path} has several workflows: {names}. Name one: {self.path}:NAME")
        bound = self.names.get(name)
        for agent in workflows:
            if agent.card.name == name or agent is bound:
                return agent
        if any(agent.card.name == name or agent is bound for agent in self.agents):
            raise UsageError(f"{name} in {self.path} is an agent, not a workflow: only a workflow can be started.")
        raise UsageError(f"{self.path} has no workflow {name!r}. Workflows there: {names}.")


def split(target: str) -> tuple[Path, str | None]:
    """Return file and name of FILE:NAME; the name may be left out. Raises UsageError where there is no such file."""
    text, colon, name = target.rpartition(":")
    if not colon or Path(target).exists() or (not name.isidentifier() and "/" in name):
        text, name = target, ""
    path = Path(text)
    if path.is_dir():
        path = path / FOLDER_FILE
        if not path.is_file():
            raise UsageError(f"the folder {text} has no {FOLDER_FILE}. Name the file: {text}/FILE.py")
    if not path.is_file():
        raise UsageError(
            f"there is no file {text}. Give the path of a Python or YAML file, or of a folder with {FOLDER_FILE}."
        )
    if path.suffix not in (".py", *_YAML):
        raise UsageError(
            f"{text} is neither Python nor YAML: expected FILE.py, FILE.yaml or a folder with {FOLDER_FILE}."
        )
    return path, name or None


def load(path: Path) -> Loaded:
    """Load a file, its folder first on `sys.path`; raises UsageError with the place of the first mistake in it."""
    try:
        return load_all(path)
    except PatternError as error:
        first, *more = str(error).splitlines()
        raise UsageError(f"{first} ({len(more)} more: podium validate {path})" if more else first) from error


def load_all(path: Path) -> Loaded:
    """Load a file as `load` does; of a team in YAML all mistakes are told, one a line of a PatternError."""
    path = path.resolve()
    if path.suffix in _YAML:
        return _team(path)
    name, roots = _module_name(path)
    _look_in(*roots)
    module = sys.modules.get(name)
    if module is None or Path(getattr(module, "__file__", None) or "") != path:
        module = _execute(path, name)
    return Loaded(path=_shown(path), names=vars(module), agents=_agents_of(module, path))


def _team(path: Path) -> Loaded:
    """Load a team in YAML; modules that it names are looked for in its folder first."""
    _look_in(path.parent)
    shown = _shown(path)
    try:
        team = teams.load_yaml(path.read_text(encoding="utf-8-sig"), source=str(shown))
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is no text in UTF-8.") from error
    names = {**team.agents, **team.workflows}
    return Loaded(path=shown, names=names, agents=list(names.values()), default=team.default)


def _look_in(*folders: Path) -> None:
    for folder in folders:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def _module_name(path: Path) -> tuple[str, list[Path]]:
    """Return under which name a file is imported, and what has to be on `sys.path`: a package keeps its dots."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if path.stem == "__init__":
        parts.pop()
    name = ".".join(parts)
    taken = name in sys.modules and Path(getattr(sys.modules[name], "__file__", None) or "") != path
    if taken or name in sys.stdlib_module_names:
        name = f"podium_file_{name}"
    return name, [folder] if folder == path.parent else [folder, path.parent]


def _execute(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a file that ends in .py always has one
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if "." in name:
        _import_parent(name, path)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a reader's file may raise anything
        del sys.modules[name]
        raise UsageError(f"{_shown(path)} cannot be loaded: {_where(error, path)}: {_what(error)}") from error
    return module


def _import_parent(name: str, path: Path) -> None:
    parent = name.rpartition(".")[0]
    try:
        importlib.import_module(parent)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{_shown(path)} cannot be loaded: {_where(error, path)}: {_what(error)}") from error


def _agents_of(module: ModuleType, path: Path) -> list[AnyAgent]:
    """Return the agents at the top level; a pattern without a name is only a part of others."""
    agents: list[AnyAgent] = []
    for name, value in vars(module).items():
        try:
            if is_agent(value) and not value.card.anonymous and not any(value is known for known in agents):
                agents.append(value)
        except UsageError as error:
            raise UsageError(f"{name} in {_shown(path)} cannot be an agent: {error}") from error
    return agents


def _where(error: BaseException, path: Path) -> str:
    """Return FILE:LINE of an error: where the reader's own code was last, before it went into libraries."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(Path(error.filename))}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_readers(Path(frame.filename), path.parent)]
    last = (own or frames)[-1]
    return f"{_shown(Path(last.filename))}:{last.lineno}"


def _is_readers(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and "site-packages" not in path.parts


def _what(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r}). Put what must not run on import under `if __name__ == '__main__':`"
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _shown(path: Path) -> Path:
    """Return a path as a reader would write it, seen from where they are."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
