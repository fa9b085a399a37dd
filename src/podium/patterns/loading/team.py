"""`load_yaml`: a team, agents and the patterns made of them, written in YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podium.errors import PatternError, UsageError
from podium.model.agent import AnyAgent, is_agent
from podium.patterns.building.members import Member
from podium.patterns.building.names import meant
from podium.patterns.building.pattern import Pattern, is_pattern
from podium.patterns.loading.importing import ADDRESS, imported
from podium.patterns.loading.node import Mistake, Mistaken, Scalar, SourceNode, SourcePlace, Table, wrong
from podium.patterns.loading.reading import NodeReader
from podium.patterns.loading.spec import Agents, by_name

_SECTIONS = ("agents", "workflows", "run")
_WORKFLOW = re.compile(r"^workflows\.[^.]+\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What a file describes: agents, and workflows made of them, by name."""

    agents: Mapping[str, AnyAgent]
    workflows: Mapping[str, Pattern]
    default: str | None = None
    """The workflow that is meant where none is named: the one under `run:`, or the only one."""

    def workflow(self, name: str | None = None) -> Pattern:
        """Return the workflow of a name, or the one that is meant where none is named; raises UsageError."""
        found = self.workflows.get(name or self.default or "")
        if found is not None:
            return found
        there = ", ".join(sorted(self.workflows))
        raise UsageError(f"there is no workflow {name!r}: {there}." if name else f"name one of the workflows: {there}.")


def load_yaml(text: str, *, agents: Agents = (), source: str = "team.yaml") -> Team:
    """Return the team that a text in YAML describes; needs the extra `yaml`.

    Modules that it names are imported, so a team is code: load only what you trust. `agents` are further ones that it
    may name. Raises PatternError with all mistakes that can be told at once, one a line:
    `team.yaml:12:9: refine.until: …`, with the line and column in `source`.
    """
    try:
        from podium.patterns.loading.composed import composed  # optional: the extra `yaml`
    except ImportError as error:
        raise PatternError(f'{source} cannot be read without PyYAML: pip install "podium[yaml]"') from error
    try:
        return _team(composed(text), by_name(agents))
    except Mistaken as error:
        told = sorted(set(error.mistakes), key=lambda each: (each.place.line, each.place.column))
        raise PatternError("\n".join(_line(source, each) for each in told)) from error


def _line(source: str, mistake: Mistake) -> str:
    place = mistake.place
    short = Mistake(SourcePlace(_WORKFLOW.sub("", place.path)), " ".join(mistake.message.split()))
    return f"{source}:{place.line}:{place.column}: {short}"


def _team(root: SourceNode, given: Mapping[str, AnyAgent]) -> Team:
    sections = _Sections(root)
    workshop = _Workshop(given, sections.agents, sections.workflows)
    agents, workflows = workshop.everybody()
    default = next(iter(workflows)) if len(sections.workflows.entries) == 1 and workflows else None
    if sections.run is not None:
        default = str(sections.run.value)
        if default not in sections.workflows.entries:
            hint = meant(default, sections.workflows.entries)
            workshop.mistakes.append(Mistake(sections.run.place, f"there is no workflow {default!r}{hint}"))
    if workshop.mistakes:
        raise Mistaken(*workshop.mistakes)
    return Team(agents=agents, workflows=workflows, default=default)


class _Sections:
    """The parts of a file."""

    def __init__(self, root: SourceNode) -> None:
        if not isinstance(root, Table):
            raise wrong(root, "expected a mapping with `agents:` and `workflows:`.")
        for name, place in root.keys.items():
            if name not in _SECTIONS:
                raise wrong(
                    place, f"a team has no {name!r}{meant(name, _SECTIONS, ': it has agents, workflows and run')}"
                )
        if "workflows" not in root.entries:
            raise wrong(root, "a team needs `workflows:`, a mapping of names to patterns.")
        self.agents = _table(root.entries.get("agents"), root.place)
        self.workflows = _table(root.entries["workflows"], root.place)
        if not self.workflows.entries:
            raise wrong(root.keys["workflows"], "there is no workflow: write one as a name, and a pattern under it.")
        for name, place in self.workflows.keys.items():
            if name in self.agents.keys:
                raise wrong(place, f"{name} is an agent already, in line {self.agents.keys[name].line}.")
        run = root.entries.get("run")
        if run is not None and not isinstance(run, Scalar):
            raise wrong(run, "expected the name of a workflow.")
        self.run = run


def _table(node: SourceNode | None, place: SourcePlace) -> Table:
    """Return a section, which may be missing or empty."""
    if isinstance(node, Table):
        return node
    if node is None or (isinstance(node, Scalar) and not node.value):
        return Table(place, {}, {})
    raise wrong(node, "expected a mapping of names.")


class _Workshop:
    """Makes agents and workflows when they are first asked for, so that they may stand in any order."""

    def __init__(self, given: Mapping[str, AnyAgent], agents: Table, workflows: Table) -> None:
        self.mistakes: list[Mistake] = []
        self._given = given
        self._agents = agents
        self._workflows = workflows
        self._reader = NodeReader(self)
        self._made: dict[str, AnyAgent | None] = {}
        """None stands for one whose mistakes are reported already."""
        self._under_way: list[str] = []

    def everybody(self) -> tuple[Mapping[str, AnyAgent], Mapping[str, Pattern]]:
        """Return agents and workflows; those with mistakes are left out, and their mistakes noted."""
        for name in (*self._agents.entries, *self._workflows.entries):
            self._make(name)
        agents = {name: made for name in self._agents.entries if (made := self._made[name]) is not None}
        workflows = {name: made for name in self._workflows.entries if is_pattern(made := self._made[name])}
        return agents, workflows

    def get(self, node: Scalar) -> AnyAgent | None:
        """Return the agent of a name, made now if need be; None for an unknown name."""
        name = node.value
        if name not in self._agents.entries and name not in self._workflows.entries:
            return self._given.get(name)
        if name in self._under_way:
            circle = [*self._under_way[self._under_way.index(name) :], name]
            raise wrong(node, f"a workflow cannot stand inside itself: {' → '.join(circle)}.")
        made = self._make(name)
        if made is None:
            raise Mistaken
        return made

    def unknown(self, node: Scalar) -> Member:
        """Refuse a name: everybody that a team names has to be in it."""
        there = [*self._agents.entries, *self._workflows.entries, *self._given]
        hint = meant(node.value, there, ": write it under `agents:`, or name it as module:name")
        raise wrong(node, f"nobody here is called {node.value!r}{hint}")

    def _make(self, name: str) -> AnyAgent | None:
        if name not in self._made:
            self._under_way.append(name)
            try:
                self._made[name] = self._read(name)
            except Mistaken as error:
                self._made[name] = None
                self.mistakes += error.mistakes
            finally:
                self._under_way.pop()
        return self._made[name]

    def _read(self, name: str) -> AnyAgent:
        if name in self._workflows.entries:
            return self._reader.pattern(self._workflows.entries[name], name=name)
        node = self._agents.entries[name]
        if isinstance(node, Table):
            made = self._reader.agent(node, name=name)
            if isinstance(made, Pattern):
                raise wrong(self._agents.keys[name], "a pattern stands under `workflows:`.")
            return made
        if not isinstance(node, Scalar) or not ADDRESS.fullmatch(str(node.value)):
            raise wrong(node, "expected where the agent is: module:name, or {human: …}.")
        found = imported(node, node.value)
        if not is_agent(found):
            raise wrong(node, f"{node.value} is no agent: decorate it with @agent.")
        if found.card.name != name:
            raise wrong(self._agents.keys[name], f"{node.value} is called {found.card.name!r}: use that name here.")
        return found
