"""The small changes that can be made to a file, each of which some test should notice."""

import ast
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

OPPOSITES: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip
"""What each operator is changed to."""
LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change: the bytes from `start` to `end` of the source become `text`."""

    kind: str
    line: int
    start: int
    end: int
    text: str

    def source(self, original: bytes) -> bytes:
        return original[: self.start] + self.text.encode() + original[self.end :]


def find_mutants(source: bytes) -> list[Mutant]:
    """Return every change of a source that still compiles, from its first line to its last."""
    changes = Changes(source)
    found = [each for node in code_in(ast.parse(source)) for each in changes.of(node)]
    return sorted((each for each in found if compiles(each.source(source))), key=lambda each: (each.line, each.start))


def compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def code_in(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a program does: no annotations, decorators, f-strings, and nothing for type checkers."""
    if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)) or is_for_type_checkers(node):
        return
    yield node
    left_out = {id(each) for each in not_run(node)}
    for child in ast.iter_child_nodes(node):
        if id(child) not in left_out:
            yield from code_in(child)


def not_run(node: ast.AST) -> Iterator[ast.expr | None]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.decorator_list, node.returns)
        case ast.ClassDef():
            yield from node.decorator_list
        case ast.arg() | ast.AnnAssign():
            yield node.annotation
        case _:
            pass


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


class Changes:
    """Makes the mutants of one source."""

    def __init__(self, source: bytes) -> None:
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.expr():
                yield from self._of_expression(node)
            case ast.stmt():
                yield from self._of_statement(node)
            case ast.comprehension():
                for test in node.ifs:
                    yield from self._negated(test)
            case _:
                pass

    def _of_expression(self, node: ast.expr) -> Iterator[Mutant]:
        match node:
            case ast.Compare():
                yield from self._compared(node)
            case ast.BoolOp() | ast.BinOp() if type(node.op) in OPPOSITES:
                yield self._with(node, "operator", op=OPPOSITES[type(node.op)]())
            case ast.UnaryOp(op=ast.Not()):
                yield self._instead(node, "negation", node.operand)
            case ast.IfExp():
                yield from self._negated(node.test)
            case ast.Constant():
                yield from self._nudged(node)
            case ast.Call():
                yield from self._with_defaults(node)
            case _:
                pass

    def _of_statement(self, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.If() | ast.While() | ast.Assert():
                yield from self._negated(node.test)
                yield from self._unguarded(node)
            case ast.Return(value=ast.expr() as value) if not is_none(value):
                yield self._instead(value, "return", ast.Constant(value=None))
            case _ if is_removable(node):
                yield self._mutant(node, "statement removed", "pass")
            case _:
                pass

    def _compared(self, node: ast.Compare) -> Iterator[Mutant]:
        for place, operator in enumerate(node.ops):
            changed = [*node.ops[:place], OPPOSITES[type(operator)](), *node.ops[place + 1 :]]
            yield self._with(node, "comparison", ops=changed)

    def _negated(self, test: ast.expr) -> Iterator[Mutant]:
        if not isinstance(test, (ast.Compare, ast.BoolOp, ast.Constant)) and not is_negation(test):
            yield self._instead(test, "condition", ast.UnaryOp(op=ast.Not(), operand=test))

    def _unguarded(self, node: ast.AST) -> Iterator[Mutant]:
        """Yield a pass instead of an `if` that leaves the function or the turn of a loop."""
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], LEAVING):
            yield self._mutant(node, "guard removed", "pass")

    def _nudged(self, node: ast.Constant) -> Iterator[Mutant]:
        if isinstance(node.value, bool):
            yield self._mutant(node, "constant", repr(not node.value))
        elif isinstance(node.value, (int, float)):
            yield self._instead(node, "constant", ast.Constant(value=node.value + 1))
            yield self._instead(node, "constant", ast.Constant(value=node.value - 1))

    def _with_defaults(self, node: ast.Call) -> Iterator[Mutant]:
        """Yield the call without each argument that has a name, so that its default counts."""
        for keyword in node.keywords:
            if keyword.arg is not None:
                rest = [each for each in node.keywords if each is not keyword]
                yield self._with(node, f"argument {keyword.arg} left out", keywords=rest)

    def _with(self, node: ast.expr, kind: str, **changed: object) -> Mutant:
        mutated = copy(node)
        for name, value in changed.items():
            setattr(mutated, name, value)
        return self._instead(node, kind, mutated)

    def _instead(self, node: ast.expr, kind: str, mutated: ast.expr) -> Mutant:
        text = ast.unparse(mutated)
        return self._mutant(node, kind, text if is_atom(mutated) else f"({text})")

    def _mutant(self, node: ast.expr | ast.stmt, kind: str, text: str) -> Mutant:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        return Mutant(kind=kind, line=node.lineno, start=start, end=end, text=text)


def is_removable(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Delete():
            return True
        case ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case _:
            return False


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_negation(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def is_atom(node: ast.expr) -> bool:
    """Say whether an expression stands anywhere as it is; a negative number does not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value >= 0
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))
