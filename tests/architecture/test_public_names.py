"""The root of the package exports what the reference describes, and nothing else."""

import importlib.util
import re
from pathlib import Path

import pytest

import podium

REFERENCE = Path(__file__).parents[2] / "docs/reference/api.md"
FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{2,6} +(.*)$", re.MULTILINE)
CODE = re.compile(r"`([A-Za-z_][\w.]*)[^`]*`")
QUALIFIED = re.compile(r"\bpodium\.([A-Za-z_]\w*)")


def is_module(name: str) -> bool:
    return importlib.util.find_spec(f"podium.{name}") is not None


def names_in_headings(page: str) -> set[str]:
    """Return the names that headings put in backticks, but for those under the heading of a module."""
    names: set[str] = set()
    under_root = True
    for heading in HEADING.findall(page):
        for code in CODE.findall(heading):
            name = code.removeprefix("podium.")
            if code == "podium" or is_module(name.split(".")[0]):
                under_root = code == "podium"
            elif "." not in name and under_root:
                names.add(name)
    return names


def documented(page: str) -> set[str]:
    """Return the names of the root that a page describes: in a heading, or anywhere as podium.Name."""
    page = FENCED.sub("", page)
    qualified = {name for name in QUALIFIED.findall(page) if name[0].isupper() or hasattr(podium, name)}
    return names_in_headings(page) | {name for name in qualified if not is_module(name)}


def test_reference_describes_exactly_the_public_names() -> None:
    if not REFERENCE.exists():
        pytest.skip("docs/reference/api.md is not written yet")
    assert documented(REFERENCE.read_text()) == set(podium.__all__)


def test_every_public_name_is_there() -> None:
    assert [name for name in podium.__all__ if not hasattr(podium, name)] == []


def test_public_names_are_sorted_and_few() -> None:
    assert podium.__all__ == sorted(podium.__all__)
    assert len(podium.__all__) <= 40
