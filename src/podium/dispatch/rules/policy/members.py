"""What a JSON Schema says of the members of its values: which they can have, and what stands for those left out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from podium.model.json import Json, is_array, is_object

_MOST_REFERENCES = 20
_WHOLE = re.compile(r"-?\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Members:
    """What values of a schema may have in them."""

    schema: Json
    """The JSON Schema; None where it is not known."""

    @property
    def names(self) -> list[str]:
        """Those that a value may have, as far as they are known."""
        return sorted({name for part in self._choices(self.schema) for name in part.get("properties", {})})

    @property
    def declared(self) -> frozenset[str] | None:
        """The names of all members that it speaks of, at whatever depth; None where the schema is not known."""
        if self.schema is None:
            return None
        found: set[str] = set()
        parts: list[Json] = [self.schema]
        while parts:
            part = parts.pop()
            if is_object(part):
                found.update(part["properties"] if is_object(part.get("properties")) else ())
                parts.extend(part.values())
            elif is_array(part):
                parts.extend(part)
        return frozenset(found)

    def may_have(self, path: Sequence[str], *, each: bool = False) -> bool:
        """Whether a value may have what is at a path; True where it cannot be told.

        With `each` the path goes through lists, into their items.
        """
        return self._may_have(self.schema, tuple(path), through_lists=each)

    def filled(self, value: Json) -> Json:
        """Return a value as its tool takes it.

        It has the defaults of the members that it leaves out, and numbers, true and false where it has texts for them.
        """
        return self._filled(self.schema, value)

    def _filled(self, part: Json, value: Json) -> Json:
        if is_array(value):
            items = [each["items"] for each in self._choices(part) if "items" in each]
            return [self._filled(items[0], each) for each in value] if len(items) == 1 else value
        if not is_object(value):
            return self._read(part, value)
        others = [each["additionalProperties"] for each in self._choices(part) if "additionalProperties" in each]
        if len(others) == 1 and is_object(others[0]) and "properties" not in part:
            return {name: self._filled(others[0], each) for name, each in value.items()}
        records = [each["properties"] for each in self._choices(part) if is_object(each.get("properties"))]
        if len(records) != 1:
            return value
        [members] = records
        left_out = {
            name: each["default"] for name, each in members.items()
            if name not in value and is_object(each) and each.get("default") is not None
        }  # fmt: skip
        return left_out | {
            name: self._filled(members[name], each) if name in members else each for name, each in value.items()
        }

    def _read(self, part: Json, value: Json) -> Json:
        """Return a value that has none inside as a tool reads it that takes values of one type; else as it is."""
        if value is None:
            return value
        kinds = {kind for each in self._choices(part) for kind in _kinds(each) if kind != "null"}
        kind = kinds.pop() if len(kinds) == 1 else None
        try:
            if kind == "number" and isinstance(value, str):
                return int(value) if _WHOLE.fullmatch(value.strip()) else float(value)
            return _reader(kind)(value) if kind in ("integer", "boolean") else value
        except ValueError:
            return value  # its tool will not take it either

    def _may_have(self, part: Json, path: tuple[str, ...], *, through_lists: bool) -> bool:
        if not path:
            return True
        return any(self._one_may_have(each, path, through_lists=through_lists) for each in self._choices(part))

    def _one_may_have(self, part: Json, path: tuple[str, ...], *, through_lists: bool) -> bool:
        members, others, kinds = part.get("properties"), part.get("additionalProperties"), _kinds(part)
        if through_lists and "items" in part:
            return self._may_have(part["items"], path, through_lists=through_lists)
        if is_object(members) and path[0] in members:
            return self._may_have(members[path[0]], path[1:], through_lists=through_lists)
        if not {"object", None, *(["array"] if through_lists else [])} & {*kinds}:
            return False
        if is_object(others):
            return self._may_have(others, path[1:], through_lists=through_lists)
        return bool(others) or members is None or "patternProperties" in part

    def _choices(self, part: Json) -> Iterator[dict[str, Json]]:
        """Return the schemas of which a value is to fit one; one that says nothing where it cannot be told."""
        for _ in range(_MOST_REFERENCES):
            if not (is_object(part) and isinstance(part.get("$ref"), str)):
                break
            part = self._at(part["$ref"])
        if not is_object(part):
            yield {}
            return
        found = [each for name in ("anyOf", "oneOf", "allOf") for each in part.get(name) or ()]
        if not found or "properties" in part:
            yield part
        for each in found:
            yield from self._choices(each)

    def _at(self, reference: str) -> Json:
        found = self.schema
        for name in reference.removeprefix("#/").split("/"):
            found = found.get(name) if is_object(found) else None
        return found


@cache
def _reader(kind: Literal["integer", "boolean"]) -> Callable[[Json], Json]:
    """Return what reads a value as a tool does that takes one of these: "500", 500.0 or "yes"."""
    from pydantic import TypeAdapter  # who has no policy about tools needs none of it

    return TypeAdapter(int if kind == "integer" else bool).validate_python


def _kinds(part: Mapping[str, Json]) -> Sequence[str | None]:
    """Return the types that a schema says; None where it says none."""
    kind = part.get("type")
    return kind if is_array(kind) else [kind]
