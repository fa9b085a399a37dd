"""Every pattern has a page with all its options, and a place in the overviews."""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from podium import patterns
from podium.patterns.building.pattern import CardFields

DOCS = Path(__file__).parents[2] / "docs"
OF_ALL = {"name", *CardFields.__annotations__}
"""What every pattern takes; it stands in the reference, once."""


def kinds() -> Mapping[str, Callable[..., Any]]:
    """Return the functions that make patterns, by name."""
    functions = {name: getattr(patterns, name) for name in patterns.__all__}
    return {
        name: function
        for name, function in functions.items()
        if inspect.isfunction(function) and "card" in inspect.signature(function).parameters
    }


def test_there_are_as_many_as_the_readme_says() -> None:
    assert f"[{len(kinds())} of them]" in (DOCS.parent / "README.md").read_text(encoding="utf-8")


def options_of(page: str) -> dict[str, str]:
    """Return the preset of each option in the table of a page, as it is written; some rows have several options."""
    table = page.partition("| Option | Preset |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table.splitlines()[2:]]
    return {option.strip("*"): preset for names, preset, *_ in rows for option in re.findall(r"`([^`]+)`", names)}


def is_preset(written: str, parameter: inspect.Parameter) -> bool:
    """Whether a preset is written as it is; one that is written in words is taken for true."""
    if not written:
        return parameter.default is parameter.empty
    try:
        return ast.literal_eval(written.strip("`")) == parameter.default
    except (SyntaxError, ValueError):
        return parameter.default is not parameter.empty


@pytest.mark.parametrize("name", kinds())
def test_the_page_of_a_pattern_lists_all_its_options_with_their_presets_and_no_others(name: str) -> None:
    page = (DOCS / "how-to" / "patterns" / f"{name}.md").read_text(encoding="utf-8")
    listed = options_of(page)
    options = {
        option: each
        for option, each in inspect.signature(kinds()[name]).parameters.items()
        if each.kind is not each.VAR_KEYWORD and option not in OF_ALL
    }
    assert set(listed) == set(options)
    wrong = {option: listed[option] for option, each in options.items() if not is_preset(listed[option], each)}
    assert wrong == {}
    assert "**When not to:**" in page


@pytest.mark.parametrize("page", ["reference/patterns.md", "how-to/README.md", "explanation/which-pattern-when.md"])
def test_an_overview_names_every_pattern(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [name for name in kinds() if f"patterns/{name}.md" not in text] == []


def test_every_class_is_listed_with_its_fields() -> None:
    text = (DOCS / "reference" / "patterns.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([A-Z]\w+)` \| .*? \| (.*?) \| ", text, re.MULTILINE))
    classes = {name: each for name in patterns.__all__ if is_dataclass(each := getattr(patterns, name))}
    classes.pop("Team")  # has a section of its own
    assert listed == {name: ", ".join(f"`{field.name}`" for field in fields(each)) for name, each in classes.items()}


def test_every_exported_name_is_explained_somewhere() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    assert [name for name in patterns.__all__ if not re.search(rf"\b{name}\b", pages)] == []
