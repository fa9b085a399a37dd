"""What a delegation lets the members of an input be: patterns for texts, for each of a list, or nothing at all."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from podium.dispatch.rules.delegation.likeness import like
from podium.errors import InvalidValue
from podium.model.delegation import ArgumentBound
from podium.model.json import Json, is_array, is_object

OTHERS = "*"
"""Stands for all members of an input that are not named; after a path, for those of what stands there."""
_ANY = "*"
_ABSENT = object()
_MOST_PATTERNS, _LONGEST_PATTERN = 200, 1_000
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


def check_bounds(arguments: Mapping[str, Mapping[str, ArgumentBound]]) -> None:
    """Raise InvalidValue for paths that lead nowhere, and for more patterns than are looked through at each start."""
    for path in [path for members in arguments.values() for path in members]:
        if not is_path(path):
            raise InvalidValue(
                f"{path!r} of the arguments is no path: expected names of members, such as order.customer, with * for"
                " all others at the end alone"
            )
    bounds = [bound for members in arguments.values() for bound in members.values() if bound is not None]
    patterns = [each for bound in bounds for each in ([bound] if isinstance(bound, str) else bound)]
    if len(patterns) > _MOST_PATTERNS or any(len(each) > _LONGEST_PATTERN for each in patterns):
        raise InvalidValue(
            f"the arguments have {len(patterns)} patterns; expected at most {_MOST_PATTERNS}, of at most"
            f" {_LONGEST_PATTERN} characters each"
        )
    for each in patterns:
        try:
            like(each)
        except re.error as error:
            raise InvalidValue(f"the pattern {each!r} of the arguments cannot be read: {error}") from error


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
    return any(like(each)(text) for each in patterns)


def _told(path: str, bound: ArgumentBound) -> str:
    if bound is None:
        above, _, last = path.rpartition(".")
        return f"no other members{f' of {above}' if above else ''}" if last == OTHERS else f"no {path}"
    patterns = [bound] if isinstance(bound, str) else bound
    return f"{path} like {' or '.join(map(repr, patterns)) or 'nothing'}"
