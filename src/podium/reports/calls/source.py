"""The flowchart of a workflow's source: the calls that stand in it, without running it."""

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.errors import UsageError
from podium.formats.mermaid import Flowchart
from podium.model.agent import AnyAgent, Card
from podium.reports.calls.labels import label

_ASKS = {"ask": "question", "sleep": "wait", "signal": "wait", "spawn": "workflow", "once": "call", "find": "call"}
_JOINS = {"gather", "race", "select"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def source_chart(workflow: AnyAgent, names: Mapping[str, object]) -> str:
    """Draw a workflow from its source; `names` are those of its module. Raises UsageError where there is no source."""
    function = getattr(workflow, "function", None)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # pyright: ignore[reportArgumentType]  None is a TypeError
    except (OSError, TypeError, SyntaxError) as error:
        hint = "Draw a run of it instead: podium graph --run RUN"
        raise UsageError(f"the source of {workflow.card.name} cannot be read. {hint}") from error
    found = next((node for node in ast.walk(tree) if isinstance(node, _Function)), None)
    if found is None:
        raise UsageError(f"{workflow.card.name} is no function. Draw a run of it instead: podium graph --run RUN")
    chart = Flowchart()
    start = chart.node(f"{workflow.card.name} {workflow.card.version}", "end")
    context = found.args.args[0].arg
    reader = _Reader(chart, context, names)
    ends = [*reader.block(found.body, [_End(start)]), *reader.returned]
    end = chart.node("end", "end")
    for each in dict.fromkeys(ends):
        chart.link([each.node], end, each.label)
    return chart.text()


@dataclass(frozen=True, slots=True)
class _End:
    """Where an arrow to what follows starts, and what stands on it."""

    node: str
    label: str = ""


class _Reader:
    """Walks statements in the order in which they are written."""

    def __init__(self, chart: Flowchart, context: str, names: Mapping[str, object]) -> None:
        self.chart = chart
        self.context = context
        self.names = names
        self.returned: list[_End] = []
        """What leads to the end of the workflow by a `return` or `raise`."""

    def block(self, statements: Sequence[ast.stmt], before: list[_End]) -> list[_End]:
        """Draw statements one after the other; returns where they end."""
        for statement in statements:
            before = self.statement(statement, before)
        return before

    def statement(self, statement: ast.stmt, before: list[_End]) -> list[_End]:
        """Draw the calls of one statement."""
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                before = self.calls(test, before)
                asked = label(self._asked(test), 60)
                ways = self.block(body, [_End(end.node, f"if {asked}") for end in before])
                return [*ways, *self.block(orelse, [_End(end.node, "else") for end in before])]
            case ast.For(iter=head, body=body) | ast.AsyncFor(iter=head, body=body) | ast.While(test=head, body=body):
                before = self.calls(head, before)
                first = self.chart.number + 1
                ends = self.block(body, before)
                if self.chart.number >= first:
                    self.chart.link([end.node for end in ends], f"n{first}", "again")
                return ends
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    before = self.calls(item.context_expr, before)
                return self.block(body, before)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                ends = self.block(orelse, self.block(body, before))
                for handler in handlers:
                    caught = label(ast.unparse(handler.type), 40) if handler.type else "an error"
                    ways = self.block(handler.body, [_End(end.node, f"on {caught}") for end in ends])
                    ends = [*ends, *(way for way in ways if way not in ends and not way.label.startswith("on "))]
                return self.block(final, ends)
            case ast.Return() | ast.Raise():
                self.returned.extend(self.calls(statement, before))
                return []
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return before
            case _:
                return self.calls(statement, before)

    def calls(self, part: ast.AST, before: list[_End]) -> list[_End]:
        """Draw the calls inside an expression: those of a join side by side, others in turn."""
        if isinstance(part, ast.Call) and self._method(part) in _JOINS:
            sides = [self.calls(argument, before) for argument in part.args]
            return [end for side in sides for end in side if end not in before] or before
        for child in ast.iter_child_nodes(part):
            before = self.calls(child, before)
        if isinstance(part, ast.Call) and (drawn := self._node(part)) is not None:
            for end in before:
                self.chart.link([end.node], drawn, end.label)
            return [_End(drawn)]
        return before

    def _method(self, call: ast.Call) -> str | None:
        """Return which method of the context is called."""
        match call.func:
            case ast.Attribute(value=ast.Name(id=self.context), attr=name):
                return name
            case _:
                return None

    def _node(self, call: ast.Call) -> str | None:
        method = self._method(call)
        if method is None or not call.args:
            return None
        first = call.args[0]
        if method in ("call", "map", "on_undo"):
            text, shape = self._agent(first)
            prefix = {"map": "for each: ", "on_undo": "undo with: "}.get(method, "")
            return self.chart.node(f"{prefix}{text}", shape)
        if method == "branch":
            return self.chart.node(f"branch {label(ast.unparse(first), 40)}", "workflow")
        if method in _ASKS:
            return self.chart.node(f"{method} {self._said(first)}", _ASKS[method])
        return None

    def _agent(self, named: ast.expr) -> tuple[str, str]:
        """Return name and shape of the agent that an expression names."""
        value = self.names.get(named.id) if isinstance(named, ast.Name) else None
        card = getattr(value, "card", None)
        if isinstance(card, Card):
            return card.name, card.traits.shape
        return self._said(named), "call"

    def _asked(self, test: ast.expr) -> str:
        """Return a condition in short: of a call of the context only what is looked at of its value."""
        match test:
            case ast.Attribute(value=ast.Await(value=ast.Call() as call), attr=name) if self._method(call):
                return name
            case _:
                return ast.unparse(test)

    def _said(self, part: ast.expr) -> str:
        if isinstance(part, ast.Call) and part.args:
            part = part.args[0]
        return label(str(part.value) if isinstance(part, ast.Constant) else ast.unparse(part), 60)
