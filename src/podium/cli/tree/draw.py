"""How a run's tree looks: as plain lines, or for a terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from podium.cli.output import count, duration, moment, money, one_line
from podium.formats.printable import in_line, printable
from podium.model.fact import Fact
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.reports.calls.node import CallNode, Spent
from podium.reports.calls.tree import CallTree, tree_of

if TYPE_CHECKING:
    from rich.text import Text

Child = Callable[[str], tuple[Run, Sequence[Fact]] | None]
"""Gives a child run and its facts where it is to be drawn too."""

_MARKS = {
    "done": "✓",
    "failed": "✗",
    "refused": "✗",
    "expired": "✗",
    "cancelled": "■",
    "started": "↗",
    "registered": "↶",
}
_STYLES = {"✓": "green", "✗": "red", "■": "yellow", "…": "cyan", "↗": "blue", "↶": "blue"}
_OPEN = {
    RunState.RUNNING: "under way",
    RunState.READY: "waits for a worker",
    RunState.PARKED: "waits",
    RunState.BLOCKED: "blocked",
}


class Line(NamedTuple):
    """One line of a drawn tree."""

    guides: str
    mark: str
    name: str
    """With the ids that belong to it, which are never cut."""
    details: str


def render(run: Run, facts: Iterable[Fact], child: Child | None = None, *, width: int) -> "Text":
    """Return the tree of a run for a terminal of a width, something that rich prints; details are cut to fit."""
    from rich.cells import cell_len, set_cell_size  # only where somebody looks
    from rich.text import Text

    text = Text()
    for number, each in enumerate(lines(run, facts, child)):
        line = Line(*map(in_line, each))
        room = width - cell_len(line.guides) - 2 - cell_len(line.name) - 2
        details = line.details
        if cell_len(details) > room:
            details = f"{set_cell_size(details, room - 1)}…" if room > 1 else ""
        text.append("\n" if number else "").append(line.guides, "dim")
        text.append(f"{line.mark} ", _STYLES.get(line.mark, "")).append(line.name, "" if number else "bold")
        text.append(f"  {details}" if details else "", "dim")
    return text


def plain(run: Run, facts: Iterable[Fact], child: Child | None = None) -> str:
    """Return the tree of a run as plain text."""
    return "\n".join(
        f"{line.guides}{line.mark} {line.name}" + (f"  {line.details}" if line.details else "")
        for line in lines(run, facts, child)
    )


def lines(run: Run, facts: Iterable[Fact], child: Child | None = None) -> Iterator[Line]:
    """Give the lines of a run's tree: the run itself first."""
    tree = tree_of(facts)
    yield Line("", _mark(run.state), f"{run.id}  {run.workflow} {run.version}", _summary(run, tree))
    if earlier := tree.generation - 1:
        how = f"podium runs show {run.id} --generation N, or --all"
        yield Line("", "!", f"{count(earlier, 'generation')} came before this one: {how}", "")
    for each in tree.notes:
        yield Line("", "!", one_line(each), "")
    yield from _under(tree.root, "", run, child)
    yield from (Line("", " ", line, "") for line in printable(tree.root.traceback).splitlines())


def _under(node: CallNode, guides: str, run: Run, child: Child | None) -> Iterator[Line]:
    for index, each in enumerate(node.children):
        last = index == len(node.children) - 1
        yield Line(f"{guides}{'└─ ' if last else '├─ '}", _mark_of(each), _name(each), _details(each, node, run))
        deeper = f"{guides}{'   ' if last else '│  '}"
        yield from _under(each, deeper, run, child)
        found = child(each.run) if child and each.kind == "child" and each.run else None
        if found is not None:
            for line in lines(*found, child):
                yield Line(f"{deeper}{line.guides}", *line[1:])


def _name(node: CallNode) -> str:
    key = "" if node.kind == "step" else f"{node.key} "
    return f"{key}{one_line(node.name or node.kind, 80)}{_id(node)}"


def _id(node: CallNode) -> str:
    """Return the id of what a node started or waits for."""
    if node.run and (node.kind == "child" or node.waits == "run"):
        return f"  run {node.run}"
    return f"  {node.question}" if node.question and node.waits == "question" else ""


def _details(node: CallNode, parent: CallNode, run: Run) -> str:
    if node.kind == "branch" and not node.state:
        return ""
    parts = [*_time(node, parent)]
    if node.attempts > 1:
        parts.append(f"{node.attempts} attempts")
    parts.extend(_spent(node.total() if node.kind != "step" else node.spent or Spent()))
    if node.state and node.state not in ("done", "started"):
        parts.append(node.state)
    if not node.state:
        parts.append(_waiting(node, run))
    if node.note and node.waits != "question":
        parts.append(one_line(node.note))
    parts.extend(one_line(each) for each in node.notices)
    return "  ".join(part for part in parts if part)


def _time(node: CallNode, parent: CallNode) -> list[str]:
    if node.began is not None and node.ended is not None and node.kind not in ("choice", "look-up", "child"):
        return [duration(node.ended - node.began)]
    if node.kind == "step" and node.ended is not None and parent.began is not None:
        return [f"at {duration(node.ended - parent.began)}"]
    return []


def _spent(spent: Spent) -> list[str]:
    parts: list[str] = []
    if spent.input_tokens or spent.output_tokens:
        parts.append(f"{spent.input_tokens:,}→{spent.output_tokens:,} tokens")
    if spent.usd is not None:
        parts.append(money(spent.usd))
    return parts


def _waiting(node: CallNode, run: Run) -> str:
    """Say what an open node waits for."""
    if run.state.ended:
        return "left open"
    due = "" if node.due is None else f" until {moment(node.due)}"
    match node.waits:
        case "question":
            return f"waits for {one_line(node.note)}{due}"
        case "timer":
            return f"waits{due}"
        case "held":
            return f"is held back{due}"
        case "retry" if run.state is RunState.PARKED:
            return f"is tried again at {moment(node.due or 0.0)}"
        case "signal":
            return f"waits for the signal{due}"
        case "run":
            return "waits for it"
        case _:
            return _OPEN.get(run.state, "open")


def _summary(run: Run, tree: CallTree) -> str:
    root = tree.root
    parts: list[str] = [run.state]
    if root.began is not None and root.ended is not None:
        parts.append(duration(root.ended - root.began))
    parts.append(count(tree.calls, "call"))
    parts.extend(_spent(root.total()))
    if run.parent:
        parts.append(f"child of {run.parent}")
    reason = run.reason or root.note
    if reason:
        parts.append(one_line(reason, 300))
    return "  ".join(parts)


def _mark_of(node: CallNode) -> str:
    return "·" if node.kind == "branch" and not node.state else _mark(node.state)


def _mark(state: str) -> str:
    return _MARKS.get(state, "…")


def node_json(node: CallNode) -> Json:
    """Return a node and what hangs under it for programs."""
    spent = node.total()
    return {
        "key": node.key, "kind": node.kind, "name": node.name, "state": node.state or "open", "began": node.began,
        "ended": node.ended, "attempts": node.attempts, "note": node.note, "traceback": node.traceback,
        "waits": node.waits, "due": node.due, "notices": node.notices,
        "run": node.run, "question": node.question, "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens, "usd": spent.usd, "children": [node_json(each) for each in node.children],
    }  # fmt: skip
