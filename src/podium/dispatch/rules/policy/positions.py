"""Where in a policy file something stands: Cedar's own messages do not say it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'(?P<skip>//[^\n]*|\s+)|"(?:\\.|[^"\\])*"|[A-Za-z_]\w*|\d+|::|[=!<>]=|&&|\|\||.', re.DOTALL)
_QUOTED = re.compile(r"`(\w+|[^`\w]+)")
_UNFINISHED = "unexpected end of input"

Complaint = Callable[[str], str | None]
"""Tells what is wrong with a text of policies, or None."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy as it stands in the file."""

    text: str
    start: int
    """Where it begins in the file."""


def statements(text: str) -> list[Statement]:
    """Return the policies of a file, each up to its semicolon; the last may lack it."""
    found: list[Statement] = []
    start = None
    for token in _tokens(text):
        start = token.start() if start is None else start
        if token[0] == ";":
            found.append(Statement(text[start : token.end()], start))
            start = None
    if start is not None:
        found.append(Statement(text[start:].rstrip(), start))
    return found


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Return a place as an editor counts it, from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def place_of_mistake(text: str, wrong: Complaint) -> tuple[int, str]:
    """Return where a file that cannot be parsed is wrong, and in which way."""
    for each in statements(text):
        if (complaint := wrong(each.text)) is not None:
            return each.start + _within(each.text, complaint, wrong), complaint
    return 0, wrong(text) or "it cannot be parsed"


def _within(text: str, complaint: str, wrong: Complaint) -> int:
    """Return the place of the first token that no policy could have there, or of the word that is complained about."""
    tokens = list(_tokens(text))
    if complaint == _UNFINISHED:
        return len(text)
    for token in tokens[:-1]:
        if wrong(text[: token.end()]) != _UNFINISHED:
            return token.start()
    named = _QUOTED.findall(complaint)
    return next((token.start() for token in tokens if token[0] in named), 0)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return (token for token in _TOKEN.finditer(text) if token["skip"] is None)
