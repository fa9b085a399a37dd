"""Writing Mermaid flowcharts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_SHAPES = {
    "call": ("[", "]"),
    "workflow": ("[[", "]]"),
    "question": ("{{", "}}"),
    "wait": ("([", "])"),
    "end": ("((", "))"),
}


@dataclass(slots=True)
class Flowchart:
    """A flowchart under construction: nodes are numbered as they come."""

    lines: list[str] = field(default_factory=lambda: ["flowchart TD"])
    number: int = 0
    indent: int = 1

    def node(self, text: str, shape: str = "call") -> str:
        """Add a node and return its id."""
        self.number += 1
        name = f"n{self.number}"
        left, right = _SHAPES.get(shape, _SHAPES["call"])
        self.line(f'{name}{left}"{escaped(text)}"{right}')
        return name

    def link(self, before: Sequence[str], after: str, label: str = "") -> None:
        """Draw arrows from all of `before`."""
        arrow = f'-->|"{escaped(label)}"|' if label else "-->"
        for each in before:
            self.line(f"{each} {arrow} {after}")

    def open(self, title: str) -> str:
        """Begin a box; what is added until `close` stands in it. Returns its id."""
        self.number += 1
        name = f"g{self.number}"
        self.line(f'subgraph {name}["{escaped(title)}"]')
        self.indent += 1
        return name

    def close(self) -> None:
        """End the innermost box."""
        self.indent -= 1
        self.line("end")

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append(f"{'    ' * self.indent}{text}")

    def text(self) -> str:
        """Return the chart."""
        return "\n".join(self.lines)


def escaped(text: str) -> str:
    """Return a text as Mermaid takes it inside double quotes."""
    one = " ".join(text.split())
    for plain, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        one = one.replace(plain, "\0" if plain == "#" else entity)
    return one.replace("\0", "#35;")
