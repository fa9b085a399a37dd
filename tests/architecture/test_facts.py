"""What a fact says is read by its class: nobody but `podium.model.facts` knows the names of fields in the store."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/podium"
OF_FACTS = SOURCE / "model/facts"


def looked_into(tree: ast.AST) -> Iterator[int]:
    """Give the lines in which the JSON of a fact is asked for a field."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="body"), lineno=line):
                yield line
            case ast.Attribute(value=ast.Attribute(attr="body"), attr="get", lineno=line):
                yield line
            case ast.Compare(comparators=[ast.Attribute(attr="body")], ops=[ast.In() | ast.NotIn()], lineno=line):
                yield line
            case _:
                pass


def test_nobody_looks_into_the_json_of_a_fact() -> None:
    files = [path for path in SOURCE.rglob("*.py") if OF_FACTS not in path.parents]
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in files
        for line in looked_into(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(files) > 100
    assert found == [], "read fact.content, which is an instance of a class of podium.model.facts"


@pytest.mark.parametrize(
    "code", ['fact.body["agent"]', 'fact.body.get("agent")', '"agent" in each.fact.body', '"a" not in fact.body']
)
def test_looking_into_the_json_of_a_fact_is_found(code: str) -> None:
    assert list(looked_into(ast.parse(code))) == [1]
