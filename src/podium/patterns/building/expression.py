"""`cel`: a rule as text, in the Common Expression Language (cel.dev), for patterns that are to be written down."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from podium import lazy
from podium.errors import PatternError
from podium.model.json import Json
from podium.patterns.building.members import ANYTHING, Kind
from podium.patterns.building.rule_names import misnomers

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")

P = ParamSpec("P")
R = TypeVar("R")

Predicate = Callable[[Any], object]
"""A rule of one value: it holds where what it gives is true."""


_PLACE = re.compile(r"(\d+):(\d+): ")
"""Line and column, from 1."""


class Expression:
    """A rule in CEL: no side effects, no loops without end, the same on every replay. Made by `cel`.

    The pattern that is given it says which variables it may use; their values are JSON.
    """

    def __init__(self, text: str) -> None:
        try:
            import cel as language  # optional: the extra `yaml`
        except ImportError as error:
            raise PatternError(f"the rule {text!r} needs CEL: pip install 'podium[yaml]'") from error
        self.text = text
        try:
            self._program = language.compile(text)
        except ValueError as error:
            raise _no_expression(text, error) from error

    def __repr__(self) -> str:
        return f"cel({self.text!r})"

    def takes(self, variables: Mapping[str, Kind]) -> Callable[..., Json]:
        """Return it as a function of these variables, whose types are as far known as is said.

        Raises PatternError where it uses others, asks a value for a field that its type does not have, or calls a
        function that there is not.
        """
        for wrong in misnomers(self.text, variables):
            raise PatternError(f"the rule {self.text!r} {wrong.message}", rule=self.text, at=wrong.at)
        return self._of(list(variables))

    def _of(self, names: Sequence[str]) -> Callable[..., Json]:
        def evaluate(*values: object) -> Json:
            return self._evaluate(dict(zip(names, map(pydantic_core.to_jsonable_python, values), strict=True)))

        return evaluate

    def __call__(self, *values: object) -> Json:
        """Fit where a pattern takes a function; the pattern binds its variables with `takes`."""
        return self._of(self._program.variables())(*values)

    def _evaluate(self, variables: dict[str, Json]) -> Json:
        try:
            return self._program.execute(variables)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise PatternError(f"the rule {self.text!r} cannot be worked out: {error}") from error


def cel(text: str) -> Expression:
    """Return a rule written in CEL, such as `verdict.score >= 0.9`; raises PatternError where it is none.

    Needs the extra `yaml`. A pattern made with it, unlike one made with a lambda, can be written down by `spec()`.
    """
    return Expression(text)


def rule(function: Callable[P, R], /, *names: str, **variables: Kind) -> Callable[P, R]:
    """Return what decides inside a pattern: a function as it is, an Expression bound to these variables, in this order.

    Of `names` no type is known; `variables` have the types that their values will be of.
    """
    if isinstance(function, Expression):
        return function.takes(dict.fromkeys(names, ANYTHING) | variables)
    if not callable(function) or inspect.iscoroutinefunction(function) or hasattr(function, "card"):
        raise PatternError(
            f"expected a plain function, or cel('…'), of {', '.join([*names, *variables])}; got {function!r:.200}"
        )
    _must_take(function, [*names, *variables])
    return function


def _must_take(function: Callable[..., object], variables: Sequence[str]) -> None:
    """Raise PatternError where a function certainly does not take so many values."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # as of some that are built in
        return
    try:
        signature.bind(*variables)
    except TypeError:
        called = wording(function) or "the lambda"
        raise PatternError(
            f"{called}{signature} is to be a rule of {', '.join(variables)}, and does not take that."
        ) from None


def wording(function: Callable[..., object]) -> str:
    """Return how a rule stands in a picture: its text, or the function's name; nothing for a lambda."""
    if isinstance(function, Expression):
        return function.text
    name = getattr(function, "__name__", "")
    return "" if name == "<lambda>" else name


def _no_expression(text: str, error: ValueError) -> PatternError:
    """Return what is raised for a text that cannot be parsed: with the line and column in it that the parser tells."""
    told = str(error).partition("ERROR: <input>:")[2].partition("\n")[0] or str(error)
    place = _PLACE.match(told)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    before = text.splitlines(keepends=True)[: line - 1]
    return PatternError(
        f"the rule {text!r} is no CEL expression: {told}", rule=text, at=len("".join(before)) + column - 1
    )  # fmt: skip
