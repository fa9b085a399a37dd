"""Whether values fit a foreign JSON Schema: one value, or all that another schema allows."""

from podium import lazy
from podium.model.json import Json, is_array, is_object

jsonschema = lazy.module("jsonschema")


def mismatch(value: Json, schema: Json) -> str | None:
    """Return in one sentence how a value does not fit a schema, or None where it does."""
    wrong = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    return None if wrong is None else wrong.message


def disagreement(given: Json, taken: Json) -> str | None:
    """Return why no value of one schema can be of another, or None where one may be.

    Only what is certain is reported: types without a common one, required properties that are never there, and the same
    inside of these. Whatever else a schema says is left to the value itself.
    """
    return _disagreement(_Side(given, given), _Side(taken, taken), "")


_REMARKS = frozenset({"$comment", "$defs", "default", "deprecated", "description", "examples", "title"})


def alike(before: Json, now: Json) -> bool:
    """Whether a schema takes what another one took before: further properties that need not be there are no difference.

    Nor are remarks (`title`, `description`), and the names of what is referred to.
    """
    return _alike(_Side(before, before), _Side(now, now), set())


def _alike(before: "_Side", now: "_Side", seen: set[tuple[int, int]]) -> bool:
    pair = (id(before.part), id(now.part))
    if pair in seen:
        return True
    seen.add(pair)
    names = (before.part.keys() | now.part.keys()) - _REMARKS
    return all(_same_under(name, before, now, seen) for name in names)


def _same_under(name: str, before: "_Side", now: "_Side", seen: set[tuple[int, int]]) -> bool:
    one, other = before.part.get(name), now.part.get(name)
    if name == "required":
        return sorted(one or ()) == sorted(other or ())
    if name == "properties":
        old, new = _mapping(one), _mapping(other)
        return all(key in new and _alike(before.inside(old[key]), now.inside(new[key]), seen) for key in old)
    if is_object(one) and is_object(other):
        return _alike(before.inside(one), now.inside(other), seen)
    if is_array(one) and is_array(other) and len(one) == len(other) and all(map(is_object, [*one, *other])):
        return all(_alike(before.inside(a), now.inside(b), seen) for a, b in zip(one, other, strict=True))
    return one == other


class _Side:
    """A part of a schema, and the schema in which its references are looked up."""

    def __init__(self, part: Json, whole: Json) -> None:
        self.part, self.whole = _mapping(part), whole
        for _ in range(_MOST_REFERENCES):
            if "$ref" not in self.part:
                break
            self.part = _mapping(_look_up(whole, self.part["$ref"]))

    def inside(self, part: Json) -> "_Side":
        return _Side(part, self.whole)

    def choices(self) -> "list[_Side]":
        """Return the schemas of which one has to fit: itself, where it has no alternatives."""
        parts = self.part.get("anyOf") or self.part.get("oneOf")
        return [self.inside(each) for each in parts] if parts else [self]

    def types(self) -> frozenset[str]:
        named = self.part.get("type")
        if named is None:
            values: list[Json] = self.part.get("enum") or ([self.part["const"]] if "const" in self.part else [])
            return frozenset(_type_of(each) for each in values)
        return frozenset([named] if isinstance(named, str) else named)


_MOST_REFERENCES = 20
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _type_of(value: object) -> str:
    return _TYPES.get(type(value), "")


def _mapping(part: Json) -> dict[str, Json]:
    return part if is_object(part) else {}


def _look_up(whole: Json, reference: str) -> Json:
    found = whole
    for name in reference.removeprefix("#/").split("/"):
        found = _mapping(found).get(name)
    return found


def _disagreement(given: _Side, taken: _Side, where: str) -> str | None:
    pairs = [(one, other) for one in given.choices() for other in taken.choices()]
    found = [_of_one(one, other, where) for one, other in pairs]
    return None if None in found else found[0]


def _of_one(given: _Side, taken: _Side, where: str) -> str | None:
    have, want = given.types(), taken.types()
    both = _wide(have) & _wide(want)
    if have and want and not both:
        return f"{where or 'it'} is {_either(have)}, where {_either(want)} is taken"
    if "object" in both:
        return _of_objects(given, taken, where)
    if "array" in both and "items" in given.part and "items" in taken.part:
        return _disagreement(given.inside(given.part["items"]), taken.inside(taken.part["items"]), f"{where}[]")
    return None


def _of_objects(given: _Side, taken: _Side, where: str) -> str | None:
    have, want = given.part.get("properties", {}), taken.part.get("properties", {})
    known = bool(have) and given.part.get("additionalProperties") in (None, False)
    for name in taken.part.get("required", []):
        if known and name not in have:
            return f"{_at(where, name)} is missing"
    for name in have.keys() & want.keys():
        if name not in taken.part.get("required", []) or name not in given.part.get("required", []):
            continue
        if wrong := _disagreement(given.inside(have[name]), taken.inside(want[name]), _at(where, name)):
            return wrong
    return None


def _wide(types: frozenset[str]) -> frozenset[str]:
    """Add what is among them without being named: a number may be an integer."""
    return types | {"integer"} if "number" in types else types


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _either(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
