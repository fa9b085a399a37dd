"""How a scripted model answers whoever asks: it does what a model would do with the tools and forms it is offered.

A team's script says what a role does when it has heard something: say a text, use tools, or fill a form. Frameworks ask
for the same in different ways (a hand-off is a tool here and a form there), so what is done is put into whichever way a
request offers. A role is known by its instructions, so these are the same, word for word, in all programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from podium.model.json import Json
from podium.testing.chat import ChatReply, ChatUse

FORM_TOOLS = ("final_result",)
"""How tools begin whose arguments are the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a role does once: it uses the tools whose names contain these words, fills a form, or says the text."""

    text: str
    uses: Sequence[tuple[str, Mapping[str, Json]]] = ()
    fields: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a request says."""

    all: str
    last: str
    tools: Sequence[str]

    def __contains__(self, text: str) -> bool:
        return text in self.all


Rule = Callable[[Heard], Turn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A member of a team: its instructions, and what it does."""

    instructions: str
    rule: Rule
    prompts: Sequence[str] = ()
    """Words of prompts that a framework brings for this role."""


def says(text: str, **fields: Json) -> Turn:
    """Say a text; where a form is offered, fill it with these fields, or with the text."""
    return Turn(text=text, fields={"answer": text, "response": text, **fields})


def needs(text: str, *heard: str) -> Rule:
    """Say a text once everything has been heard that it rests on; before that, say what is missing."""

    def rule(request: Heard) -> Turn:
        missing = [each for each in heard if each not in request]
        return says(f"MISSING: {missing}" if missing else text)

    return rule


def respond(body: Json, roles: Sequence[Role]) -> ChatReply:
    """Return how the scripted model answers a request."""
    role = _role(body, roles)
    if role is None:
        return ChatReply(text=f"UNKNOWN ROLE: {_system(body)[:200]}")
    tools = {each["function"]["name"]: each["function"].get("parameters", {}) for each in body.get("tools") or ()}
    turn = role.rule(Heard(all=_text(body["messages"]), last=_text(body["messages"][-1:]), tools=list(tools)))
    uses = _uses(turn, tools, single=body.get("parallel_tool_calls") is False)
    if uses:
        return ChatReply(text=turn.text, uses=uses)
    form = _form(turn, tools)
    if form is not None:
        return ChatReply(uses=[ChatUse(form, _filled(turn.fields, tools[form]), _id(form, body))])
    wanted = (body.get("response_format") or {}).get("json_schema")
    if wanted:
        return ChatReply(text=json.dumps(_filled(turn.fields, wanted["schema"])))
    return ChatReply(text=turn.text)


def _role(body: Json, roles: Sequence[Role]) -> Role | None:
    for text in (_system(body), _text(body["messages"][-1:]), _text(body["messages"])):
        known = [role for role in roles if any(each in text for each in (role.instructions, *role.prompts) if each)]
        if known:
            return max(known, key=lambda role: text.rfind(role.instructions))
    return None


def _system(body: Json) -> str:
    return _text([each for each in body["messages"] if each["role"] in ("system", "developer")])


def _text(messages: Sequence[Json]) -> str:
    parts: list[str] = []
    for message in messages:
        content = message.get("content") or ""
        parts.append(content if isinstance(content, str) else " ".join(each.get("text", "") for each in content))
        parts += [call["function"]["arguments"] for call in message.get("tool_calls") or ()]
    return "\n".join(parts)


def _uses(turn: Turn, tools: Mapping[str, Json], *, single: bool) -> list[ChatUse]:
    found: list[ChatUse] = []
    for word, arguments in turn.uses:
        for name, schema in tools.items():
            known = schema.get("properties", {})
            if name.startswith(FORM_TOOLS):
                continue
            if word in name:
                found.append(ChatUse(name, _told(arguments, schema), f"call-{word}"))
            elif "coworker" in known and "task" in known:
                given = {"coworker": word, "task": " ".join(str(each) for each in arguments.values())}
                found.append(ChatUse(name, _told(given, schema), f"call-{word}"))
    return found[:1] if single else found


def _form(turn: Turn, tools: Mapping[str, Json]) -> str | None:
    forms = [name for name in tools if name.startswith(FORM_TOOLS)]
    fitting = [name for name in forms if set(tools[name].get("required", ())) <= set(turn.fields)]
    return next(iter(fitting or forms), None)


def _filled(fields: Mapping[str, Json], schema: Json) -> dict[str, Json]:
    known, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: fields[name] if name in fields else _nothing(known[name])
        for name in known
        if name in fields or name in required
    }


def _told(arguments: Mapping[str, Json], schema: Json) -> dict[str, Json]:
    """Return the arguments of a tool: what is told goes into whatever it calls its parameter."""
    told = next(iter(arguments.values()), "")
    return _filled({**dict.fromkeys(schema.get("required", ()), told), **arguments}, schema)


def _nothing(schema: Json) -> Json:
    kinds = [each.get("type") for each in schema.get("anyOf", [schema])]
    return None if "null" in kinds else ""


def _id(name: str, body: Json) -> str:
    return f"{re.sub(r'[^a-z]', '-', name.lower())}-{len(body['messages'])}"
