"""The reference of the client names each method with its parameters, and no other."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.client.test_document import KINDS, resources

PAGE = Path(__file__).parents[3] / "docs/reference/client.md"
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
METHOD = re.compile(r"`((?:client\.(?:\w+\.)?)?\w+\([^`]*\))`")


def told() -> Iterator[str]:
    """Give each method that the page has, as `client.runs.start(workflow, input, …)`."""
    _, *parts = HEADING.split(PAGE.read_text())
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        rows = "\n".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("|"))
        for each in METHOD.findall(rows):
            yield plain(each) if each.startswith("client.") else plain(f"{name.strip('`')}.{each}")


def plain(signature: str) -> str:
    """Return a signature as the names of its parameters alone, in order."""
    name, _, rest = signature.partition("(")
    values = re.sub(r"=(\([^)]*\)|[^,)]*)", "", rest.removesuffix(")"))
    return f"{name}({', '.join(each for each in values.split(', ') if each not in ('', '*'))})"


def there() -> Iterator[str]:
    """Give each method that the client has."""
    for resource, found in resources():
        for name, each in inspect.getmembers_static(type(found)):
            if isinstance(each, KINDS):
                _, *parameters = inspect.signature(each.plan).parameters.values()
                names = [f"**{p.name}" if p.kind is p.VAR_KEYWORD else p.name for p in parameters]
                place = "client" if resource == "client" else f"client.{resource}"
                yield f"{place}.{name}({', '.join(names)})"


def test_the_reference_names_each_method_with_its_parameters_and_no_other() -> None:
    assert {*told()} == {*there()}
