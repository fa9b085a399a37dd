"""`podium validate`: loads a file, says what there is in it, and everything that is wrong."""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typing_extensions import TypeForm

from podium.agents.shape import shape_of
from podium.cli.load import Loaded, load_all, split
from podium.cli.options import JsonOption
from podium.cli.output import count, note, print_json, print_table
from podium.dispatch.registry import Registry
from podium.errors import ConfigError, UsageError
from podium.guards.custom import CustomCheck
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns.building.members import gives, parameters, takes
from podium.patterns.building.pattern import is_pattern


def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A Python or YAML file, or a folder with workflow.py.")],
    as_json: JsonOption = False,
) -> None:
    """Load a file, check it, and print the agents and workflows in it; nothing is run.

    Exits with 1 where something is wrong: all mistakes that can be told at once, of a YAML file with line and column.
    What is only missing on this machine, such as the key of a model, is told too, and what is warned of: members
    without a description, where somebody chooses among them.
    """
    path, _ = split(file)
    with _warnings() as warned:
        found, mistakes = _looked_at(path)
    rows, missing = [_row(agent) for agent in found], list(_missing(found))
    if as_json:
        print_json({"agents": rows, "mistakes": mistakes, "missing": missing, "warnings": warned})
    elif not mistakes:
        columns = ("name", "kind", "takes", "gives")
        print_table([column.upper() for column in columns], [[row[column] for column in columns] for row in rows])
    if not as_json:
        for each in warned:
            note(f"warning: {each}")
        for each in missing:
            note(f"missing here: {each}")
    if mistakes and not as_json:
        for mistake in mistakes:
            note(mistake)
        note(f"error: {path} has {count(len(mistakes), 'mistake')}.")
    raise typer.Exit(1 if mistakes else 0)


class _Noting(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.noted: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.noted.append(record.getMessage())


@contextmanager
def _warnings() -> Generator[list[str]]:
    """Give the warnings that are logged in a block."""
    log, handler = logging.getLogger("podium"), _Noting()
    log.addHandler(handler)
    try:
        yield handler.noted
    finally:
        log.removeHandler(handler)


def _looked_at(path: Path) -> tuple[Sequence[AnyAgent], Sequence[str]]:
    """Return the agents of a file, and what is wrong with it."""
    try:
        loaded = load_all(path)
    except UsageError as error:
        return (), str(error).splitlines()
    return loaded.agents, list(_unfit(loaded))


def _unfit(loaded: Loaded) -> Iterator[str]:
    """Tell what would be refused when a workflow of the file is started."""
    registry = Registry()
    patterns = [each for each in loaded.agents if is_pattern(each)]
    for agent in [*loaded.agents, *(part for each in patterns for part in each.agents() if not part.card.anonymous)]:
        try:
            registry.add(agent)
        except UsageError as error:
            yield f"{loaded.path}: {error}"
    for each in patterns:
        for name in each.names():
            try:
                registry.get(name)
            except UsageError as error:
                yield f"{loaded.path}: {each.card.name}: {error}"


def _missing(agents: Sequence[AnyAgent]) -> Iterator[str]:
    """Tell which models cannot be asked here, of whichever agent that takes part: each once."""
    taking_part = {id(each): each for agent in agents for each in _with_parts(agent)}.values()
    if not any(agent.card.kind == "llm" for agent in taking_part):
        return
    from podium.agents.pydantic_ai.agent import LlmAgent  # the file has loaded Pydantic AI already

    for agent in taking_part:
        if isinstance(agent, LlmAgent):
            try:
                agent.require_model()
            except ConfigError as error:
                yield str(error)


def _with_parts(agent: AnyAgent) -> Iterator[AnyAgent]:
    """Give an agent, those that its pattern is made of, and those that its guards ask, with theirs."""
    yield agent
    for each in agent.agents() if is_pattern(agent) else ():
        yield from _with_parts(each)
    for guard in agent.card.guards:
        if isinstance(guard, CustomCheck) and guard.judge is not None:
            yield from _with_parts(guard.judge)


def _row(agent: AnyAgent) -> Json:
    kind = agent.kind if is_pattern(agent) else agent.card.kind
    parts = parameters(agent)
    named = ", ".join(f"{name}: {_type(part)}" for name, part in parts.items())
    return {"name": agent.card.name, "kind": kind, "takes": named or _type(takes(agent)), "gives": _type(gives(agent))}


def _type(kind: TypeForm[object]) -> str:
    return shape_of(kind).name
