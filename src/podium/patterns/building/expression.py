"""`cel`: a rule as text, in the Common Expression Language (cel.dev), for patterns that are to be written down."""

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from podium import lazy
from podium.errors import PatternError
from podium.model.json import Json

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")

P = ParamSpec("P")
R = TypeVar("R")

Predicate = Callable[[Any], object]
"""A rule of one value: it holds where what it gives is true."""


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
            raise PatternError(f"the rule {text!r} is no CEL expression: {_position(error)}") from error

    def __repr__(self) -> str:
        return f"cel({self.text!r})"

    def takes(self, names: Sequence[str]) -> Callable[..., Json]:
        """Return it as a function of these variables; raises PatternError where it uses others."""
        used: Sequence[str] = self._program.variables()
        if unknown := sorted(set(used) - set(names)):
            raise PatternError(
                f"the rule {self.text!r} uses {', '.join(unknown)}: here it may use {' and '.join(names) or 'nothing'}."
            )

        def evaluate(*values: object) -> Json:
            return self._evaluate(dict(zip(names, map(pydantic_core.to_jsonable_python, values), strict=True)))

        return evaluate

    def __call__(self, *values: object) -> Json:
        """Fit where a pattern takes a function; the pattern binds its variables with `takes`."""
        return self.takes(self._program.variables())(*values)

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


def rule(function: Callable[P, R], *names: str) -> Callable[P, R]:
    """Return what decides inside a pattern: a function as it is, an Expression with its variables bound to `names`."""
    if isinstance(function, Expression):
        return function.takes(names)
    if not callable(function) or inspect.iscoroutinefunction(function) or hasattr(function, "card"):
        raise PatternError(f"expected a plain function, or cel('…'), of {', '.join(names)}; got {function!r}")
    return function


def wording(function: Callable[..., object]) -> str:
    """Return how a rule stands in a picture: its text, or the function's name; nothing for a lambda."""
    if isinstance(function, Expression):
        return function.text
    name = getattr(function, "__name__", "")
    return "" if name == "<lambda>" else name


def _position(error: ValueError) -> str:
    return str(error).partition("ERROR: <input>:")[2].partition("\n")[0] or str(error)
