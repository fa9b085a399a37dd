"""What a delegation lets the members of an input be: patterns for texts, for each of a list, or nothing at all."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from podium.model.delegation import ArgumentBound
from podium.model.json import Json, is_array, is_object

OTHERS = "*"
"""Stands for all members of an input that are not named; after a path, for those of what stands there."""
_ANY = "*"
_ABSENT = object()
_WORD = r"[\w.+-]"
"""What `*` stands for: nothing that ends a name, an address or a part of one, so that no other can follow."""
_TOKEN = re.compile(r"\*\*+|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_SPECIAL = re.compile(r"[^\w-]")
_USE, _AROUND = {"tool", "arguments"}, "arguments."


def unfit(members: Mapping[str, ArgumentBound], input: Json, sent: Json = None) -> str | None:
    """Return what an input must have and has not, in words; None where it fits.

    `sent` is what is sent to a tool around its arguments, where it is one: paths may begin there.
    """
    bare = [(_bare(given, sent), given, bound) for given, bound in members.items()]
    named = {path for path, _, _ in bare}
    for path, given, bound in bare:
        above, _, last = path.rpartition(".")
        found = _others(above, named, input) if last == OTHERS else _at(path, input)
        if not all(_fits(value, bound) for value in found):
            return _told(given, bound)
    return None


def is_path(path: str) -> bool:
    """Whether a path can lead anywhere: one that does not would bind nothing where it says what is not given."""
    *above, last = path.split(".")
    return bool(last) and all(above) and OTHERS not in above


def _bare(path: str, sent: Json) -> str:
    """Return a path as it stands in the arguments of a tool: it may begin with `arguments`, around them."""
    return path.removeprefix(_AROUND) if is_object(sent) and sent.keys() == _USE else path


def _at(path: str, value: Json) -> Iterator[object]:
    """Give what stands at a path such as `order.customer`; where there are lists on the way, of each item."""
    name, _, rest = path.partition(".")
    if is_array(value):
        for item in value:
            yield from _at(path, item)
    elif not is_object(value) or name not in value:
        yield _ABSENT
    elif rest:
        yield from _at(rest, value[name])
    else:
        yield value[name]


def _others(above: str, named: Collection[str], input: Json) -> Iterator[object]:
    """Give what stands below a path at members that are not named; what has no members is one."""
    for value in _at(above, input) if above else (input,):
        if value is not _ABSENT:
            yield from _unnamed(f"{above}." if above else "", named, value)


def _unnamed(within: str, named: Collection[str], value: Json) -> Iterator[object]:
    if is_array(value) and within:
        for item in value:
            yield from _unnamed(within, named, item)
    elif is_object(value):
        for name, each in value.items():
            path = f"{within}{name}"
            if path in named or f"{path}.{OTHERS}" in named:
                continue
            inside = any(other.startswith(f"{path}.") for other in named)
            yield from _unnamed(f"{path}.", named, each) if inside else (each,)
    else:
        yield value


def _fits(value: object, bound: ArgumentBound) -> bool:
    if bound is None:
        return value is _ABSENT or value is None or value in ("", [])
    if value is _ABSENT:
        return False
    patterns = [bound] if isinstance(bound, str) else bound
    return _ANY in patterns or _is_like(value, patterns)


def _is_like(value: Json, patterns: Sequence[str]) -> bool:
    """Whether a value, or each item of a list, fits one of the patterns. An object does not: its members may."""
    if is_array(value):
        return all(_is_like(item, patterns) for item in value)
    if is_object(value):
        return False
    text = value if isinstance(value, str) else json.dumps(value)
    return any(_compiled(each).fullmatch(text) for each in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> "re.Pattern[str]":
    parts: list[str] = []
    for piece in _TOKEN.findall(pattern):
        if piece.startswith("**"):
            parts.append(".*")
        elif piece in ("*", "?"):
            parts.append(f"{_WORD}*" if piece == "*" else _WORD)
        elif len(piece) > 1:
            parts.append(_class(piece[1:-1]))
        else:
            parts.append(re.escape(piece))
    return re.compile("".join(parts), re.DOTALL)


def _class(inside: str) -> str:
    """Return the class of characters that stands in brackets: `abc`, `a-z`, `!abc`."""
    no, chosen = ("^", inside[1:]) if inside.startswith("!") else ("", inside)
    return f"[{no}{_SPECIAL.sub(lambda found: re.escape(found[0]), chosen)}]"


def _told(path: str, bound: ArgumentBound) -> str:
    if bound is None:
        above, _, last = path.rpartition(".")
        return f"no other members{f' of {above}' if above else ''}" if last == OTHERS else f"no {path}"
    patterns = [bound] if isinstance(bound, str) else bound
    return f"{path} like {' or '.join(map(repr, patterns)) or 'nothing'}"
