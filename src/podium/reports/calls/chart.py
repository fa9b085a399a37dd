"""The flowchart of what a run did, from its facts."""

from collections.abc import Iterable, Sequence

from podium.formats.mermaid import Flowchart
from podium.model.fact import Fact
from podium.model.run import Run
from podium.reports.calls.labels import label
from podium.reports.calls.node import CallNode
from podium.reports.calls.tree import tree_of

_SHAPES = {
    "call": "call", "workflow": "workflow", "question": "question", "sleep": "wait", "signal": "wait", "wait": "wait",
    "child": "workflow",
}  # fmt: skip


def recorded_chart(run: Run, facts: Iterable[Fact]) -> str:
    """Draw a run: what began before another ended stands beside it, everything else follows."""
    chart = Flowchart()
    root = tree_of(facts).root
    start = chart.node(f"{run.workflow} {run.version}", "end")
    ends = _draw(chart, root.children, [start])
    chart.link(ends, chart.node(run.state, "end"))
    return chart.text()


def _draw(chart: Flowchart, nodes: Sequence[CallNode], before: Sequence[str]) -> list[str]:
    """Draw the nodes of one level after `before`; returns the last ones."""
    last = list(before)
    for group in _side_by_side([node for node in nodes if node.kind in _SHAPES or node.kind == "branch"]):
        ends: list[str] = []
        for node in group:
            ends.extend(_draw_one(chart, node, last))
        last = ends or last
    return last


def _draw_one(chart: Flowchart, node: CallNode, before: Sequence[str]) -> list[str]:
    if node.kind == "branch":
        return _draw(chart, node.children, before)
    if node.kind == "workflow":
        chart.open(label(node.name, 60))
        inside = _draw(chart, node.children, before)
        chart.close()
        return inside
    name = chart.node(_label(node), _SHAPES[node.kind])
    chart.link(before, name)
    return [name]


def _label(node: CallNode) -> str:
    state = "" if node.state in ("done", "started") else f": {node.state or 'open'}"
    attempts = f" ({node.attempts} attempts)" if node.attempts > 1 else ""
    return f"{label(node.name, 60)}{attempts}{state}"


def _side_by_side(nodes: Sequence[CallNode]) -> list[list[CallNode]]:
    """Group neighbours of which each began before all of the group had ended."""
    groups: list[list[CallNode]] = []
    end = float("-inf")
    for node in nodes:
        began, ended = _span(node)
        if groups and began < end:
            groups[-1].append(node)
            end = max(end, ended)
        else:
            groups.append([node])
            end = ended
    return groups


def _span(node: CallNode) -> tuple[float, float]:
    """Return from when to when a node and all under it went on."""
    parts = [each for each in node.walk() if each.began is not None and each.kind != "choice"]
    began = min((each.began for each in parts if each.began is not None), default=0.0)
    if any(each.ended is None and not each.state for each in parts):
        return began, float("inf")
    return began, max((each.ended for each in parts if each.ended is not None), default=began)
