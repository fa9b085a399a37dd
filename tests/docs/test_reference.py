"""The reference names everything that there is, and nothing else: errors, settings, kinds of facts."""

import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from inspect import isclass
from pathlib import Path

import pytest

from podium import Config, errors
from podium.agents.card import CardOptions
from podium.config import SECTIONS
from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.facts.codec import contents
from podium.model.facts.content import Mark, marks_of
from podium.model.retry import FailureKind
from podium.model.streams import Durable, Noticed, StreamEvent, Transient

COLUMNS: list[Callable[[object], bool]] = [
    lambda mark: mark is Mark.KEEP,
    lambda mark: not isinstance(mark, Mark),
    lambda mark: mark is Mark.BLANK,
    lambda mark: mark is Mark.DROP,
]
"""What a redaction leaves of a field: all, a part, an empty text, nothing."""

REFERENCE = Path(__file__).parents[2] / "docs/reference"


def rows(page: str, *columns: int) -> list[tuple[str, ...]]:
    """Return some cells of each row of the tables of a page, without backticks."""
    lines = [line for line in (REFERENCE / page).read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [tuple(row[column] for column in columns) for row in cells if len(row) > max(columns)]


def test_every_error_has_a_section_under_its_code() -> None:
    page = (REFERENCE / "errors.md").read_text()
    sections = dict(re.findall(r"^## ([a-z-]+)\n\n`(\w+)", page, re.MULTILINE))
    classes = [each for each in vars(errors).values() if isclass(each) and issubclass(each, errors.PodiumError)]
    assert sections == {each.code: each.__name__ for each in classes}


def test_every_kind_of_failure_is_described() -> None:
    assert {kind.value for kind in FailureKind} <= {name for (name,) in rows("errors.md", 0)}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_table_of_settings_is_described(section: str) -> None:
    assert f"## `[podium.{section}" in (REFERENCE / "config.md").read_text(encoding="utf-8")


def test_every_setting_is_described_with_its_default() -> None:
    found = rows("config.md", 0, 1, 2)
    described = {name: (variable, default) for name, variable, default in found if variable.startswith("PODIUM_")}
    plain = [each for each in fields(Config) if each.name not in SECTIONS]
    defaults = {**{each.name: str(each.default) for each in plain}, "fleet": Config().fleet.kind}
    settings = {name: (f"PODIUM_{name.upper()}", default) for name, default in defaults.items()}
    assert {name: described.get(name) for name in settings} == settings
    assert set(described) == set(settings)


def test_every_kind_of_fact_is_described_under_its_number() -> None:
    described = {(number, kind) for number, kind in rows("facts.md", 0, 1) if number.isdecimal()}
    assert described == {(str(kind.value), kind.name) for kind in FactKind}


def test_every_class_of_facts_is_described_with_what_a_redaction_leaves_of_its_fields() -> None:
    expected = [
        (
            each.__name__, each.fact_kind.name,
            *(", ".join(name for name, mark in marks_of(each).items() if left(mark)) for left in COLUMNS),
        )
        for each in contents()
    ]  # fmt: skip
    classes = {name for name, *_ in expected}
    assert [row for row in rows("facts.md", *range(6)) if row[0] in classes] == expected


def test_every_field_of_a_card_is_described() -> None:
    described = {name for (name,) in rows("agents.md", 0)}
    assert {each.name for each in fields(Card)} <= described
    assert CardOptions.__optional_keys__ <= described
    assert all(each.default is not MISSING or each.default_factory is not MISSING for each in fields(Card)[1:])


def test_every_event_of_a_stream_is_described_with_its_fields() -> None:
    known = {"Transient": Transient, "Durable": Durable, "Noticed": Noticed}
    classes = {each.type: each for kind in known.values() for each in kind.__subclasses__()}
    described = {name: (cls, re.findall(r"\w+", listed)) for name, cls, listed in rows("stream-events.md", 0, 1, 2)}
    found = {name: (each.__name__, list(each.names())) for name, each in classes.items()}
    assert {name: described.get(name) for name in found} == found
    assert {field.name for field in fields(StreamEvent)} <= {name for (name,) in rows("stream-events.md", 0)}
