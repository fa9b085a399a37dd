"""YAML as nodes. The only module that needs PyYAML (the extra `yaml`)."""

import yaml

from podium.patterns.loading.node import Listing, Scalar, SourceNode, SourcePlace, Table, wrong

_DEEPEST = 50
_MOST_NODES = 20_000
_STANDARD = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


def composed(text: str) -> SourceNode:
    """Return YAML as nodes; raises Mistaken where it is none, or says more than a team needs.

    What a text without quotes means is not decided here: neither YAML 1.1's `on` and `yes` nor anything else is taken
    for a truth value.
    """
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(filter(None, (error.context, error.problem)))
        raise wrong(
            _place("", mark) if mark else SourcePlace("", 1, 1), f"this is no YAML: {said}{_hint(said)}."
        ) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = SourcePlace("", before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise wrong(place, f"this is no YAML: {error.reason}.") from error
    except (RecursionError, ValueError, OverflowError) as error:  # nested without end; an escape that is no character
        raise wrong(SourcePlace("", 1, 1), f"this is no YAML: {error}.") from error
    if root is None:
        raise wrong(SourcePlace("", 1, 1), "the file is empty: a team has `workflows:`.")
    return _Composer().node(root, "", 0)


class _Composer:
    """Turns PyYAML's nodes into ours; what an alias stands for is counted again."""

    def __init__(self) -> None:
        self._count = 0

    def node(self, found: yaml.Node, path: str, depth: int) -> SourceNode:
        place = _place(path, found.start_mark)
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_NODES:
            raise wrong(place, f"this is nested deeper than {_DEEPEST}, or has more than {_MOST_NODES:,} parts.")
        if found.tag not in _STANDARD:
            raise wrong(
                place, f"{found.tag} is a tag, which has no meaning here: put a text that begins with ! in quotes."
            )
        if isinstance(found, yaml.MappingNode):
            return self._table(found, place, depth)
        if isinstance(found, yaml.SequenceNode):
            items = [self.node(each, f"{path}[{number}]", depth + 1) for number, each in enumerate(found.value)]
            return Listing(place, items)
        assert isinstance(found, yaml.ScalarNode)
        return Scalar(place, found.value, plain=found.style is None, starts=_starts(found, place))

    def _table(self, found: yaml.MappingNode, place: SourcePlace, depth: int) -> Table:
        entries: dict[str, SourceNode] = {}
        keys: dict[str, SourcePlace] = {}
        for key, value in found.value:
            if not isinstance(key, yaml.ScalarNode):
                raise wrong(
                    _place(place.path, key.start_mark), "a key is a text: put one that begins with [ or { in quotes."
                )
            name = key.value
            at = _place(place.under(name), key.start_mark)
            if name in keys:
                raise wrong(at, f"{name} is there twice; the first is in line {keys[name].line}.")
            keys[name] = at
            entries[name] = self.node(value, at.path, depth + 1)
        return Table(place, entries, keys)


def _place(path: str, mark: yaml.Mark) -> SourcePlace:
    return SourcePlace(path, mark.line + 1, mark.column + 1)


def _starts(found: yaml.ScalarNode, place: SourcePlace) -> int:
    """Return the column of a text's first character; 0 where it has escapes, or stands in several lines."""
    quotes = 0 if found.style is None else 1
    written = found.end_mark.index - found.start_mark.index
    as_it_is = found.style not in {"|", ">"} and written == len(found.value) + 2 * quotes
    return place.column + quotes if as_it_is and found.start_mark.line == found.end_mark.line else 0


def _hint(said: str) -> str:
    if "mapping values are not allowed" in said:
        return ". Put a text with a colon and a space in it in quotes"
    if "cannot start any token" in said:
        return ". Indent with spaces, and put a text that begins with @, ` or % in quotes"
    return ""
