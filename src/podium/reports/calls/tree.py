"""The tree of a run's calls, read from its facts alone: keys are paths, so the tree is in the keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from podium.engine.run.history import voided
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.run import START
from podium.reports.calls.node import CallNode, spent_of
from podium.reports.calls.steps import hang_steps

_JOINS = {"winner": "race", "winners": "quorum", "failed": "gather"}


@dataclass(slots=True)
class CallTree:
    """A run as its facts tell it."""

    root: CallNode
    notes: list[str] = field(default_factory=list[str])
    """What happened to the run as a whole: cancelled, repinned, rewound, redacted."""

    @property
    def calls(self) -> int:
        """How many calls it made."""
        return sum(node.kind in ("call", "workflow") for node in self.root.walk())

    def open(self) -> list[CallNode]:
        """Return what has begun and not ended, innermost only."""
        return [
            node
            for node in self.root.walk()
            if node.key and not node.state and node.kind != "branch" and not any(not c.state for c in node.children)
        ]


def tree_of(facts: Iterable[Fact]) -> CallTree:
    """Build the tree of a run's calls."""
    return _Builder().build(facts)


class _Builder:
    def __init__(self) -> None:
        self.nodes: dict[str, CallNode] = {}
        self.steps: dict[str, list[CallNode]] = {}
        self.open_steps: dict[str, CallNode] = {}
        self.hung: set[str] = set()
        self.root = CallNode("", "run")
        self.notes: list[str] = []

    def build(self, facts: Iterable[Fact]) -> CallTree:
        facts = list(facts)
        void = voided(facts)
        for fact in facts:
            if fact.seq not in void:
                self._take(fact)
        for key in sorted((key for key in self.nodes if not key.endswith(".first")), key=key_order):
            self._hang(self.nodes[key])
        for call, steps in self.steps.items():
            hang_steps(self._at(call), steps)
        return CallTree(self.root, self.notes)

    def _take(self, fact: Fact) -> None:
        match fact.kind:
            case FactKind.STARTED | FactKind.ENDED:
                self._edge(fact)
            case FactKind.ANSWERED:
                self._answer(fact)
            case FactKind.RETRY:
                self._retry(fact)
            case FactKind.STEP | FactKind.INTENT:
                self._step(fact)
            case FactKind.QUESTION:
                self._question(fact)
            case FactKind.CANCELLED:
                self._cancel(fact)
            case FactKind.CANCELLING | FactKind.CHANGED | FactKind.REPINNED | FactKind.REWOUND | FactKind.REDACTED:
                self.notes.append(_run_note(fact))
            case FactKind.HELD | FactKind.NOTICE | FactKind.RESERVED | FactKind.SETTLED:
                self._rule(fact)
            case _:
                self._open(fact)

    def _edge(self, fact: Fact) -> None:
        root, body = self.root, fact.body
        if fact.kind is FactKind.ENDED:
            root.state, root.ended, root.note = body.get("state", ""), fact.at, body.get("reason", "")
            return
        root.name, root.began = body.get("workflow", ""), fact.at
        if "forked_from" in body:
            self.notes.append(f"forked from run {body['forked_from']}")

    def _cancel(self, fact: Fact) -> None:
        for key in fact.body.get("keys", ()):
            node = self._at(key)
            node.state, node.ended, node.waits = "cancelled", fact.at, ""
            node.name = node.name or "not begun"

    def _at(self, key: str) -> CallNode:
        if not key:
            return self.root
        return self.nodes.setdefault(key, CallNode(key, name="rules for the run" if key == START else ""))

    def _open(self, fact: Fact) -> None:
        body, node = fact.body, self._at(fact.key)
        node.began = fact.at
        match fact.kind:
            case FactKind.ASKED:
                node.kind, node.name, node.note = "call", body.get("agent", "?"), body.get("why", "")
            case FactKind.TIMER:
                node.kind, node.waits, node.due = "sleep", "timer", body.get("due")
                node.name = "timeout" if fact.key.endswith(".timeout") else "sleep"
            case FactKind.WAITING if body.get("wait") == "run":
                node.kind, node.name, node.waits, node.run = "wait", "result of child run", "run", body.get("name")
            case FactKind.WAITING:
                node.kind, node.name, node.waits = "signal", f"signal {body.get('name')!r}", "signal"
                node.due = body.get("due")
            case FactKind.SPAWNED:
                node.kind, node.name, node.run = "child", body.get("workflow", "?"), body.get("run")
                node.state, node.ended = "started", fact.at
            case FactKind.CHOSEN:
                node.kind, node.state, node.ended = "choice", "done", fact.at
                node.name, node.note = _choice(body)
            case FactKind.UNDO:
                node.kind, node.name, node.state = "undo", f"undo with {body.get('agent')}", "registered"
            case FactKind.LOOKED_UP:
                node.kind, node.name, node.state = "look-up", f"look-up of {body.get('of')}", "done"
                node.ended = fact.at
            case _:
                node.name = fact.kind.name.lower()

    def _answer(self, fact: Fact) -> None:
        node, body = self._at(fact.key), fact.body
        outcome = body.get("outcome", "done")
        node.state, node.ended, node.waits = outcome, fact.at, ""
        node.spent = spent_of(body.get("usage"))
        if outcome == "failed":
            node.note = f"{body.get('type')}: {body.get('message')}"
        elif outcome == "refused":
            node.note = f"{body.get('rule')}: {body.get('reason')}"
        node.notices.extend(_instead(lacks) for lacks in body.get("degraded", ()) if lacks["key"] == fact.key)

    def _retry(self, fact: Fact) -> None:
        node, body = self._at(fact.key), fact.body
        node.attempts, node.waits, node.due = body.get("attempt", node.attempts), "retry", body.get("due")
        node.note = f"attempt {node.attempts - 1} ended with {body.get('type')}: {body.get('message')}"

    def _rule(self, fact: Fact) -> None:
        """Show what a rule did: that it holds a call back, or what it noticed. Money shows as what was spent."""
        node, body = self._at(fact.key), fact.body
        if fact.kind is FactKind.HELD:
            node.waits, node.due, node.note = "held", body.get("until"), body.get("why", "")
        elif fact.kind is FactKind.NOTICE:
            said = ", ".join(f"{name} {value}" for name, value in body.items() if name != "guard")
            node.notices.append(f"{body.get('guard')}: {said}")

    def _question(self, fact: Fact) -> None:
        node, body = self._at(fact.key), fact.body
        if "answers" in body:
            node.waits, node.note = "", f"answered by {', '.join(each['by'] for each in body['answers'])}"
            return
        if node.began is None:
            node.kind, node.began, node.name = "question", fact.at, f"question to {body.get('to')}"
        node.waits, node.question, node.due = "question", body.get("question"), body.get("due")
        node.note = f"{body.get('to')}: {body.get('text')}"

    def _step(self, fact: Fact) -> None:
        call, _, path = fact.key.partition("/")
        steps = self.steps.setdefault(call, [])
        node = self.open_steps.get(fact.key)
        if node is None:
            node = self.open_steps[fact.key] = CallNode(fact.key, "step", path.partition("/")[2] or path)
            steps.append(node)
        if fact.kind is FactKind.STEP:
            node.state, node.ended, node.spent = "done", fact.at, spent_of(fact.body.get("usage"))
        elif fact.body.get("cleared"):
            node.state, node.ended, node.note = "failed", fact.at, "not done"
        else:
            node.began = fact.at
        if node.state:
            del self.open_steps[fact.key]

    def _hang(self, node: CallNode) -> None:
        """Put a node under the one whose key its own begins with; a branch has no fact and is made here."""
        parent_key = node.key.rpartition(".")[0]
        if parent_key and parent_key not in self.nodes:
            last = parent_key.rpartition(".")[2]
            attempt = last.startswith("r") and last[1:].isdecimal()
            parent = self.nodes[parent_key] = CallNode(parent_key, name=f"attempt {last[1:]}" if attempt else "branch")
            self._hang(parent)
        parent = self._at(parent_key)
        if node.key not in self.hung:
            self.hung.add(node.key)
            parent.children.append(node)
        if parent.kind == "call" and node.kind != "step":
            parent.kind = "workflow"


def _instead(lacks: Json) -> str:
    return f"{lacks['by'] or 'a value given beforehand'} stood in for {lacks['agent']}: {lacks['why']}"


def key_order(key: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts the start first, 2 before 10, and numbers before names."""
    if key == START:
        return ()
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in key.split("."))


def _choice(body: Json) -> tuple[str, str]:
    for name, join in _JOINS.items():
        if name in body:
            chosen = str(body[name]).strip("[]")
            return join, f"branch {chosen} failed" if name == "failed" else f"branch {chosen} came first"
    return "next", f"branch {body.get('next')}"


def _run_note(fact: Fact) -> str:
    body: Json = fact.body
    match fact.kind:
        case FactKind.CANCELLING:
            return f"cancel was asked for: {body.get('reason', '')}"
        case FactKind.CHANGED:
            return f"change {fact.key!r} {'applies' if body.get('changed') else 'does not apply'}"
        case FactKind.REPINNED:
            return f"moved from version {body.get('from', '?')} to {body.get('to', '?')}"
        case FactKind.REWOUND:
            return f"{len(body.get('facts', ()))} facts before this were voided, to be done again"
        case FactKind.REDACTED:
            return f"redacted by {body.get('by', '?')}: {body.get('why', '')}"
        case _:
            return f"{fact.kind.name.lower()} {fact.key}".strip()
