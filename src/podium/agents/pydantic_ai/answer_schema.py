"""What an answer about one use of a tool looks like, where it may be DeferredToolResults of Pydantic AI as well."""

from collections.abc import Mapping

from podium.model.json import Json
from podium.model.question import approval_schema

_IS_RESULTS: Json = {"type": "object", "anyOf": [{"required": ["approvals"]}, {"required": ["calls"]}]}
_TEXT: Json = {"type": "string"}


def answer_schema(call_id: str, own: Json, *, approval: bool) -> Json:
    """Return the JSON Schema of an answer: an approval or a result as the inbox takes them, or DeferredToolResults.

    `own` is the schema of the tool's arguments, or, where it is no approval, of its result; None where any fits.
    """
    known: Mapping[str, Json] = own or {}
    own = {name: part for name, part in known.items() if name != "$defs"}
    plain = approval_schema(edit=own) if approval else own
    field, each = ("approvals", _approval(own)) if approval else ("calls", _result(own))
    return {
        "if": _IS_RESULTS, "then": _results(call_id, field, each), "else": plain, "$defs": known.get("$defs", {}),
    }  # fmt: skip


def _results(call_id: str, field: str, each: Json) -> Json:
    """Return the schema of DeferredToolResults that are about one use only."""

    def of_use(schema: Json) -> dict[str, Json]:
        return {"type": "object", "propertyNames": {"enum": [call_id]}, "properties": {call_id: schema}}

    none: Json = {"type": "object", "maxProperties": 0}
    return {
        "required": [field],
        "properties": {
            "approvals": none, "calls": none, "metadata": of_use({"type": "object"}), "answered_by": of_use(_TEXT),
            field: {**of_use(each), "required": [call_id]},
        },
        "additionalProperties": False,
    }  # fmt: skip


def _approval(arguments: Json) -> Json:
    override = {"if": {"type": "null"}, "else": arguments}
    return {
        "if": {"type": "boolean"},
        "else": _of_kind({"tool-approved": {"override_args": override}, "tool-denied": {"message": _TEXT}}, {}),
    }


def _result(own: Json) -> Json:
    content: Json = {"type": ["string", "array", "null"]}
    kinds: dict[str, dict[str, Json]] = {
        "tool-return": {"return_value": own, "content": content, "metadata": {}, "tools": {}},
        "tool-failed": {"message": _TEXT},
        "model-retry": {"message": _TEXT},
    }
    tagged = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}}
    required = {"tool-return": ["return_value"], "tool-failed": ["message"], "model-retry": ["message"]}
    return {"if": tagged, "then": _of_kind(kinds, required), "else": own}


def _of_kind(kinds: Mapping[str, Mapping[str, Json]], required: Mapping[str, list[str]]) -> Json:
    """Return the schema of an object that says in `kind` which of these it is."""
    each: list[Json] = [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {
                "properties": {"kind": {}, **fields},
                "required": required.get(kind, []),
                "additionalProperties": False,
            },
        }
        for kind, fields in kinds.items()
    ]
    return {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}, "allOf": each}
