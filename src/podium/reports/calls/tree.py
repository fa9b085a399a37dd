"""The tree of a run's calls, read from its facts alone: keys are paths, so the tree is in the keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from podium.engine.run.reopening import voided
from podium.model.fact import Fact
from podium.model.facts import answers, calls, choices, money, notices, runs, waits
from podium.model.facts.content import FactContent
from podium.model.fallback import Degraded
from podium.model.generation import generations_in, is_start, number_in
from podium.reports.calls.node import CallNode, spent_of
from podium.reports.calls.steps import hang_steps

RunChange = (
    runs.Cancelling | runs.Changed | runs.Repinned | runs.Restarted | runs.Rewound | runs.Redacted | runs.InputEdited
)  # fmt: skip
"""What happened to a run as a whole."""


@dataclass(slots=True)
class CallTree:
    """A run as its facts tell it."""

    root: CallNode
    notes: list[str] = field(default_factory=list[str])
    """What happened to the run as a whole: cancelled, repinned, restarted, rewound, redacted."""
    generation: int = 1
    """The first of the generations that it shows."""

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
        self.by_steps: set[str] = set()
        """The calls that steps asked for: what they stand below is no workflow for that."""
        self.asked: dict[str, dict[str, waits.QuestionAsked]] = {}
        """The questions that are open, by the key of what asks."""
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
        return CallTree(self.root, self.notes, next(generations_in(facts), 1))

    def _take(self, fact: Fact) -> None:
        match fact.content:
            case runs.Started() | runs.Ended() as said:
                self._edge(fact, said)
            case answers.AnswerContent() as said:
                self._answer(fact, said)
            case calls.StepDone() | calls.EffectIntended() | calls.IntentCleared() as said:
                self._step(fact, said)
            case waits.QuestionAsked() as said:
                self._question(fact, said)
            case calls.AttemptFailed() | calls.Held() | waits.QuestionAnswered() as said:
                self._go_on(fact, said)
            case choices.KeysCancelled(keys=keys):
                self._cancel(fact, keys)
            case notices.NoticeContent():
                self._notice(fact)
            case money.AmountReserved() | money.AmountSettled() | calls.StepSent() | waits.TurnTaken():
                pass  # money shows as what was spent, what was sent with `requests`, a turn with its call
            case (
                runs.Cancelling() | runs.Changed() | runs.Repinned() | runs.Restarted() | runs.Rewound()
                | runs.Redacted() | runs.InputEdited() as said
            ):  # fmt: skip
                self.notes.append(_run_note(fact.key, said))
            case said:
                self._open(fact, said)

    def _edge(self, fact: Fact, said: runs.Started | runs.Ended) -> None:
        root = self.root
        match said:
            case runs.Ended():
                root.state, root.ended, root.note, root.traceback = said.state, fact.at, said.reason, said.traceback
            case runs.Started():
                root.name, root.began = said.workflow, fact.at
                if said.forked_from is not None:
                    self.notes.append(f"forked from run {said.forked_from}")

    def _cancel(self, fact: Fact, keys: Iterable[str]) -> None:
        for key in keys:
            node = self._at(key)
            node.state, node.ended, node.waits = "cancelled", fact.at, ""
            node.name = node.name or "not begun"

    def _at(self, key: str) -> CallNode:
        if not key:
            return self.root
        return self.nodes.setdefault(key, CallNode(key, name="rules for the run" if is_start(key) else ""))

    def _open(self, fact: Fact, said: FactContent) -> None:
        node = self._at(fact.key)
        node.began = fact.at
        match said:
            case calls.Asked():
                node.kind, node.name, node.note = "call", said.agent or "?", said.why or ""
                self.by_steps.update(() if said.step is None else (fact.key,))
            case waits.SleepBegun():
                node.kind, node.waits, node.due = "sleep", "timer", said.due
                node.name = "timeout" if fact.key.endswith(".timeout") else "sleep"
            case waits.ChildAwaited():
                node.kind, node.name, node.waits, node.run = "wait", "result of child run", "run", said.name
            case waits.SignalAwaited():
                node.kind, node.name, node.waits = "signal", f"signal {said.name!r}", "signal"
                node.due = said.due
            case waits.ChildSpawned():
                node.kind, node.name, node.run = "child", said.workflow or "?", said.run
                node.state, node.ended = "started", fact.at
            case choices.RaceWon() | choices.QuorumReached() | choices.GatherFailed() | choices.NextChosen():
                node.kind, node.state, node.ended = "choice", "done", fact.at
                node.name, node.note = _choice(said)
            case calls.UndoRegistered():
                node.kind, node.name, node.state = "undo", f"undo with {said.agent}", "registered"
            case waits.LookedUp():
                node.kind, node.name, node.state = "look-up", f"look-up of {said.of}", "done"
                node.ended = fact.at
            case _:
                node.name = fact.kind.name.lower()

    def _answer(self, fact: Fact, said: answers.AnswerContent) -> None:
        node = self._at(fact.key)
        node.state, node.ended, node.waits = said.outcome, fact.at, ""
        match said:
            case answers.AnsweredDone():
                node.spent = spent_of(said.usage)
                node.notices.extend(_instead(lacks) for lacks in said.degraded if lacks.key == fact.key)
            case answers.AnsweredFailed():
                node.note, node.traceback = f"{said.type}: {said.message}", said.traceback
            case answers.AnsweredRefused():
                node.note = f"{said.rule}: {said.reason}"
            case _:
                pass

    def _go_on(self, fact: Fact, said: calls.AttemptFailed | calls.Held | waits.QuestionAnswered) -> None:
        """Show what became of a call that is under way: it is tried again, held back, or people answered."""
        node = self._at(fact.key)
        match said:
            case calls.AttemptFailed():
                self.asked.pop(fact.key, None)
                node.attempts, node.waits, node.due = said.attempt, "retry", said.due
                node.note = f"attempt {said.attempt - 1} ended with {said.type}: {said.message}"
            case calls.Held():
                node.waits, node.due, node.note = "held", said.until, said.why
            case waits.QuestionAnswered(question=question):
                node.waits, node.note = "", f"answered by {', '.join(each.by for each in said.answers)}"
                self.asked.get(fact.key, {}).pop(question, None)
                self._ask(fact.key)

    def _notice(self, fact: Fact) -> None:
        """Show what a rule noticed, whatever that is."""
        body = fact.body
        guard = body.pop("guard", "?")
        self._at(fact.key).notices.append(f"{guard}: {', '.join(f'{name} {value}' for name, value in body.items())}")

    def _question(self, fact: Fact, said: waits.QuestionAsked) -> None:
        node = self._at(fact.key)
        if node.began is None:
            node.kind, node.began, node.name = "question", fact.at, f"question to {said.to}"
        open_ones = self.asked.setdefault(fact.key, {})
        for other in [each for each in open_ones.values() if (each.step, each.rule) == (said.step, said.rule)]:
            del open_ones[other.question]
        open_ones[said.question] = said
        self._ask(fact.key)

    def _ask(self, key: str) -> None:
        """Show the question that has been open for the longest, and how many there are besides."""
        open_ones = list(self.asked.get(key, {}).values())
        if not open_ones:
            return
        node, said = self._at(key), open_ones[0]
        node.waits, node.question, node.due = "question", said.question, said.due
        more = f" (and {len(open_ones) - 1} more)" if len(open_ones) > 1 else ""
        node.note = f"{said.to}: {said.text}{more}"

    def _step(self, fact: Fact, said: calls.StepDone | calls.Intent) -> None:
        call, _, path = fact.key.partition("/")
        steps = self.steps.setdefault(call, [])
        node = self.open_steps.get(fact.key)
        if node is None:
            node = self.open_steps[fact.key] = CallNode(fact.key, "step", path.partition("/")[2] or path)
            steps.append(node)
        match said:
            case calls.StepDone():
                node.state, node.ended, node.spent = "done", fact.at, spent_of(said.usage)
                node.note = "" if said.from_step is None else "done by an earlier attempt"
            case calls.IntentCleared():
                node.state, node.ended, node.note = "failed", fact.at, "not done"
            case calls.EffectIntended():
                node.began = fact.at
        if node.state:
            del self.open_steps[fact.key]

    def _hang(self, node: CallNode) -> None:
        """Put a node under the one whose key its own begins with; a branch has no fact and is made here."""
        parent_key = node.key.rpartition(".")[0]
        if parent_key and parent_key not in self.nodes:
            last = parent_key.rpartition(".")[2]
            attempt = last.startswith("r") and last[1:].isdecimal()
            number = number_in(parent_key)
            name = "branch" if number is None else f"generation {number}"
            parent = self.nodes[parent_key] = CallNode(parent_key, name=f"attempt {last[1:]}" if attempt else name)
            self._hang(parent)
        parent = self._at(parent_key)
        if node.key not in self.hung:
            self.hung.add(node.key)
            parent.children.append(node)
        if parent.kind == "call" and node.kind != "step" and node.key not in self.by_steps:
            parent.kind = "workflow"


def _instead(lacks: Degraded) -> str:
    return f"{lacks.by or 'a value given beforehand'} stood in for {lacks.agent}: {lacks.why}"


def key_order(key: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts the start first, 2 before 10, numbers before names, and generations in order."""
    first, *others = key.split(".")
    generation = number_in(first)
    if is_start(key):
        return () if generation is None else ((1, generation, ""),)
    before = [] if generation is None else [(1, generation, "")]
    parts = others if before else [first, *others]
    return (*before, *((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts))


def _choice(said: choices.JoinChoice) -> tuple[str, str]:
    match said:
        case choices.RaceWon(winner=winner):
            return "race", f"branch {winner} came first"
        case choices.QuorumReached(winners=winners):
            return "quorum", f"branch {', '.join(map(str, winners))} came first"
        case choices.GatherFailed(failed=failed):
            return "gather", f"branch {failed} failed"
        case choices.NextChosen():
            return "next", f"branch {said.next}"


def _run_note(key: str, said: RunChange) -> str:
    match said:
        case runs.Cancelling(reason=reason):
            return f"cancel was asked for: {reason}"
        case runs.Changed(changed=changed):
            return f"change {key!r} {'applies' if changed else 'does not apply'}"
        case runs.Repinned(before=before, after=after):
            return f"moved from version {before or '?'} to {after or '?'}"
        case runs.Restarted(generation=generation, version=version):
            return f"generation {generation} began, with version {version or '?'}"
        case runs.Rewound(keys=keys) if keys:
            return f"put aside what stood at {', '.join(keys)}: the code asks for something else there"
        case runs.Rewound(facts=facts):
            return f"{len(facts)} facts before this were voided, to be done again"
        case runs.InputEdited(key=call):
            return f"the input of call {call} was edited"
        case runs.Redacted(by=by, why=why):
            return f"redacted by {by or '?'}: {why}"
