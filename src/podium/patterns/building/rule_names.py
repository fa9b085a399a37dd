"""What a rule in CEL names: variables, fields and functions; and which of them there are not.

That it is CEL is known by then: the package `cel` has parsed it, and does not tell what it found where.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from podium import lazy
from podium.patterns.building.known_type import UNKNOWN, KnownType, known_type
from podium.patterns.building.members import Kind
from podium.patterns.building.names import meant

if TYPE_CHECKING:
    import cel
else:
    cel = lazy.module("cel")

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<text>(?:[bB]?[rR]|[rR][bB])(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"]*"|'[^']*')
        |[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:,.()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = ("true", "false", "null")
_BINDING = ("all", "exists", "exists_one", "existsOne", "filter", "map")
"""Macros of a list that bind a variable, their first argument; the package knows them with one more, or `map` two."""
_FUNCTIONS = (
    "size", "contains", "startsWith", "endsWith", "matches", "has", *_BINDING, "int", "uint", "double", "string",
    "bytes", "type", "duration", "timestamp", "getFullYear", "getMonth", "getDate", "getHours", "getMinutes",
    "getSeconds",
)  # fmt: skip
"""For hints alone: which functions there are, the package is asked."""
_SAMPLES = (
    "'1'", "1", "1.5", "1u", "true", "[1]", "{'a': 1}", "b'1'", "null", "timestamp('2020-01-01T00:00:00Z')",
    "duration('1h')",
)  # fmt: skip
_ARGUMENTS = ("'1'", "1", "[1]")
"""What is tried as the second argument, and the third."""
_MOST_ARGUMENTS = 2
"""None takes more, beside the value that it is a method of."""


@dataclass(frozen=True, slots=True)
class Misnomer:
    """What a rule names and there is not: where in its text, from 0, and in words that follow `the rule …`."""

    at: int
    message: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


_END = _Token("end", "", 0)


def misnomers(text: str, variables: Mapping[str, Kind]) -> Sequence[Misnomer]:
    """Return what a rule names and there is not, in the order of its text; `variables` have types by name."""
    tokens = list(_tokens(text))
    return _RuleReader(text, tokens, {name: known_type(kind) for name, kind in variables.items()}).misnomers()


def _tokens(text: str) -> Iterator[_Token]:
    """Give the parts of a rule, up to one of a kind that is not known here."""
    at = 0
    while match := _TOKEN.match(text, at):
        if match.lastgroup != "space":
            yield _Token(match.lastgroup or "", match[0], at)
        at = match.end()


class _RuleReader:
    """Reads the parts of a rule from left to right; of operators it only needs to know that they are there."""

    def __init__(self, text: str, tokens: Sequence[_Token], variables: Mapping[str, KnownType]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0
        self._variables = variables
        self._bound: list[tuple[str, KnownType]] = []
        """What macros bind, the innermost last."""
        self._found: list[Misnomer] = []

    def misnomers(self) -> Sequence[Misnomer]:
        while self._next < len(self._tokens):
            self._expression()
            self._take()  # a bracket too many: there is none, as it is CEL
        return sorted(self._found, key=lambda each: each.at)

    def _peek(self, ahead: int = 0) -> _Token:
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _is(self, sign: str, ahead: int = 0) -> bool:
        return self._peek(ahead).kind == "sign" and self._peek(ahead).text == sign

    def _expression(self) -> KnownType:
        """Read up to a comma or a closing bracket; return the type where it is one operand alone."""
        operands, operators, last = 0, 0, UNKNOWN
        while (token := self._peek()).kind != "end" and token.text not in (",", ")", "]", "}"):
            if (token.kind == "sign" and token.text not in ("(", "[", "{", ".")) or token.text == "in":
                self._take()
                operators += 1
            else:
                last = self._after(token.at, self._operand())
                operands += 1
        return last if operands == 1 and not operators else UNKNOWN

    def _arguments(self) -> list[KnownType]:
        """Read what stands in brackets, which one of opens here, and both of them; return the types."""
        self._take()
        types: list[KnownType] = []
        while self._peek().kind != "end" and self._peek().text not in (")", "]", "}"):
            types.append(self._expression())
            if self._is(","):
                self._take()
        self._take()
        return types

    def _operand(self) -> KnownType:
        token = self._peek()
        if token.kind == "sign" and token.text != ".":
            types = self._arguments()
            return types[0] if token.text == "(" and types else UNKNOWN
        self._take()
        if token.text == ".":
            token = self._take()
        if token.kind != "name" or token.text in _WORDS:
            return UNKNOWN
        if self._is("("):
            arguments = self._arguments()
            self._function(token, len(arguments), method=False)
            return UNKNOWN
        return self._variable(token)

    def _variable(self, token: _Token) -> KnownType:
        found = dict(self._variables) | dict(self._bound)
        if token.text in found:
            return found[token.text]
        if not _is_type(token.text):
            known = " and ".join(self._variables) or "nothing"
            self._tell(token, f"uses {token.text}: here it may use {known}.")
        return UNKNOWN

    def _after(self, begins: int, value: KnownType) -> KnownType:
        """Read fields, calls and indices that follow a value; return the type of the last."""
        while self._peek().kind == "sign" and self._peek().text in (".", "["):
            owner = self._text[begins : self._peek().at].strip()
            if self._is(".") and self._is("(", 2):
                value = self._method(value)
            elif self._is("."):
                self._take()
                value = self._field(value, owner, self._peek(), self._take().text)
            else:
                key = self._peek(1) if self._peek(1).kind == "text" and self._is("]", 2) else None
                self._arguments()
                value = value.items if key is None else self._field(value, owner, key, key.text.strip("\"'"))
        return value

    def _field(self, value: KnownType, owner: str, token: _Token, name: str) -> KnownType:
        fields = value.fields
        if fields is None:
            return value.items
        if not fields:
            self._tell(token, f"asks {owner} for {name}, and that is no object: it has no fields.")
        elif name not in fields:
            hint = meant(name, fields, f": it has {', '.join(fields)}")
            self._tell(token, f"asks {owner} for {name}, which it does not have{hint}")
        return fields.get(name, UNKNOWN)

    def _method(self, value: KnownType) -> KnownType:
        self._take()
        name = self._take()
        binds = name.text in _BINDING and self._peek(1).kind == "name" and self._is(",", 2)
        if not binds:
            self._function(name, len(self._arguments()), method=True)
            return UNKNOWN
        variable = self._peek(1).text
        self._next += 2
        self._bound.append((variable, value.items))
        arguments = self._arguments()
        self._bound.pop()
        if len(arguments) > (2 if name.text == "map" else 1):
            self._function(name, len(arguments) + 1, method=True)
        return value if name.text == "filter" else UNKNOWN

    def _function(self, name: _Token, arguments: int, *, method: bool) -> None:
        if name.text == "has" and not method and arguments == 1:
            return
        if not _is_function(name.text, arguments, method=method):
            self._tell(name, _no_function(name.text, arguments, method=method))

    def _tell(self, token: _Token, message: str) -> None:
        self._found.append(Misnomer(token.at, message))


@cache
def _is_function(name: str, arguments: int, *, method: bool) -> bool:
    """Whether the package has a function that takes so many arguments, of whatever types."""
    if arguments > _MOST_ARGUMENTS:
        return False
    number = arguments + method
    ways = product(*(_SAMPLES, _ARGUMENTS, _ARGUMENTS)[:number])
    return any(_is_defined(name, _call(name, given, method=method)) for given in ways)


def _call(name: str, given: Sequence[str], *, method: bool) -> str:
    return f"({given[0]}).{name}({', '.join(given[1:])})" if method else f"{name}({', '.join(given)})"


@cache
def _is_type(name: str) -> bool:
    """Whether a name that is no variable stands for a type: `int`."""
    return _is_defined(name, name)


def _is_defined(name: str, text: str) -> bool:
    """Whether what a text names is there, be it wrong in other ways."""
    try:
        cel.evaluate(text)
    except RuntimeError as error:
        return f"Undefined variable or function: {name!r}" not in str(error)
    except Exception:  # noqa: BLE001 - it is there, and is asked for what it does not do
        return True
    return True


def _no_function(name: str, arguments: int, *, method: bool) -> str:
    """Return how a function is called instead, or that there is none of this name."""
    forms = _forms(name)
    if forms:
        return f"calls {_form(name, arguments, method=method)}: write {' or '.join(forms)}."
    there = [each for each in _FUNCTIONS if each in (*_BINDING, "has") or _forms(each)]
    return f"calls {name}, and there is no such function{meant(name, there, f': there is {_listed(there)}')}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _forms(name: str) -> list[str]:
    """Return all ways to call a function, whichever types it takes."""
    ways = product((True, False), range(_MOST_ARGUMENTS + 1))
    return [_form(name, n, method=method) for method, n in ways if _is_function(name, n, method=method)]


def _form(name: str, arguments: int, *, method: bool) -> str:
    given = ", ".join("abc"[:arguments])
    return f"value.{name}({given})" if method else f"{name}({given})"
