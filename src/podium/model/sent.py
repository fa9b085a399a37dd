"""What was sent to a model, recorded as the difference from what was sent before it in the same conversation.

A request is an object: `model`, `instructions`, `settings`, `tools`, `native_tools`, `output` and `messages`, in the
form in which Pydantic AI writes them; `context` is what rules did to the messages. Stored, a field stands only where it
differs from the request before, and messages that were there before stand as their places: so a conversation of any
length is stored once.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import get_args

import orjson

from podium.model.context_change import CONTEXT_CHANGES
from podium.model.conversation_state import ConversationMessage
from podium.model.expected import Expected
from podium.model.heard import heard_by
from podium.model.json import Json, is_array, is_object
from podium.model.parts_said import Arguments, apart, joined, parts_sent
from podium.model.trimming import trimmed_message

AFTER = "after"
"""Names the step of the request that it differs from."""

IN = "conversation"
"""Names the conversation whose messages it refers to: `{"name": …, "revision": how many, "agent": who hears it}`.

With `arguments` it refers to the parts that agents of all frameworks read, each counted as a message.
"""

_AGENT = "agent"
_ARGUMENTS = "arguments"
CONTEXT = "context"
"""Names what rules for the context of its agent did to the messages."""

_MESSAGES = "messages"
_INSTRUCTIONS = "instructions"

_NOT_SENT = frozenset({"timestamp", "metadata", "content_file_digests"})
"""Fields of a message's part that the model never sees; the first differs from run to run."""

_A_FILE = b'"binary"'
_PROMPT = "user-prompt"
_LONG = 256
"""Characters from which on a prompt is looked at."""
_LEVELS = 8
"""In so many lists and objects such JSON stands where it is stored."""
_JSON = "json"
"""Holds the value that a prompt ends with, as JSON."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was said in a conversation before a call."""

    name: str
    revision: int
    agent: str
    """Who hears it so; see `heard_by`."""
    messages: Sequence[Json]
    """As they are sent."""
    arguments: Arguments | None = None
    """How uses of tools are sent, where `messages` have one part each, as `parts_sent` gives them."""

    @property
    def told(self) -> Json:
        """The same as a request refers to it."""
        form = {} if self.arguments is None else {_ARGUMENTS: self.arguments}
        return {"name": self.name, "revision": self.revision, _AGENT: self.agent, **form}


SaidBefore = Callable[[str, int], Sequence[ConversationMessage] | None]
"""Gives what was said first in a conversation, so many messages; None where they are not there any more."""


def check_sent(sent: object) -> None:
    """Raise UsageError for what is not stored as a request: whole, or as what differs from another one."""
    _REQUEST.check("what is sent", sent)
    if is_object(sent):
        for name, expected in _FIELDS.items():
            if name in sent:
                expected.check(f"{name} of what is sent", sent[name])


def _is_message(value: object) -> bool:
    if is_array(value):
        return len(value) in (_PAIR, _PAIR + 1) and all(isinstance(each, int) and each >= 0 for each in value)
    if not is_object(value) or value.get("kind") not in ("request", "response"):
        return False
    parts = value.get("parts")
    return is_array(parts) and all(is_object(part) and isinstance(part.get("part_kind"), str) for part in parts)


def _is_turn(value: object) -> bool:
    if not is_object(value) or value.get(_ARGUMENTS, "text") not in get_args(Arguments):
        return False
    named = isinstance(value.get("name"), str) and isinstance(value.get(_AGENT), str)
    return named and isinstance(value.get("revision"), int)


def _is_tool(value: object) -> bool:
    return is_object(value) and isinstance(value.get("name"), str)


def _is_output(value: object) -> bool:
    return value is None or (is_object(value) and _all(_is_tool)(value.get("tools", [])))


def _all(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: is_array(value) and all(fits(each) for each in value)


_PAIR = 2
_TEXT = Expected("a text", lambda value: isinstance(value, str))
_REQUEST = Expected(
    "an object with messages, as docs/reference/facts.md describes SENT",
    lambda value: is_object(value) and _MESSAGES in value,
)
_FIELDS: Mapping[str, Expected] = {
    AFTER: _TEXT, "agent": _TEXT, "model": _TEXT, _INSTRUCTIONS: _TEXT,
    IN: Expected(
        '{"name": …, "revision": …, "agent": …}, with "arguments": "text" or "object" where places are those of parts',
        _is_turn,
    ),
    "settings": Expected("an object", is_object),
    "tools": Expected('a list of {"name": …, "description": …, "schema": …}', _all(_is_tool)),
    "native_tools": Expected("a list of texts", _all(_TEXT.fits)),
    "output": Expected('{"mode": …, "schema": …}, {"mode": …, "tools": […]} or None', _is_output),
    CONTEXT: CONTEXT_CHANGES,
    _MESSAGES: Expected(
        'a list of {"kind": "request" or "response", "parts": [{"part_kind": "text", …}, …]}, [first, count] or '
        "[first, count, characters]",
        _all(_is_message),
    ),
}  # fmt: skip


def sent_message(message: Mapping[str, Json]) -> Json:
    """Return what a message says, without what no model sees: ids of runs, times, usage."""
    parts = [{key: value for key, value in part.items() if _is_sent(key, value)} for part in message["parts"]]
    if message["kind"] == "response":
        return {"kind": "response", "parts": parts}
    return {"kind": "request", "parts": parts, _INSTRUCTIONS: message[_INSTRUCTIONS]}


def _is_sent(key: str, value: Json) -> bool:
    return value is not None and key not in _NOT_SENT


def difference(
    now: Mapping[str, Json], before: Mapping[str, Json] | None, answer: Json, place: str, earlier: Earlier | None = None
) -> Json:
    """Return how a request is stored, after another one and its answer; whole where there is none before it.

    `place` is that of the step of the request before. What is between them in `messages` are `[first, count]`, places
    in the messages of that request with its answer behind them, and whole messages. Where there is none before it, they
    are places in what was said earlier in a conversation, if anything of that is sent. In a place with a third number
    the results of tools are trimmed to so many characters.
    """
    if before is None and earlier is not None:
        messages = now[_MESSAGES] if earlier.arguments is None else apart(now[_MESSAGES])
        quoted = _quoted(messages, list(earlier.messages), _characters(now))
        if any(is_array(each) for each in quoted):
            return {IN: earlier.told, **now, _MESSAGES: quoted}
    if before is None:
        return {**now, _MESSAGES: [_alone(each) for each in now[_MESSAGES]]}
    changed = {name: value for name, value in now.items() if name != _MESSAGES and value != before.get(name)}
    known = before[_MESSAGES] if answer is None else [*before[_MESSAGES], answer]
    return {AFTER: place, **changed, _MESSAGES: _quoted(now[_MESSAGES], known, _characters(now))}


def put_together(
    stored: Mapping[str, Json], before: Mapping[str, Json] | None, answer: Json, said: SaidBefore | None = None
) -> dict[str, Json]:
    """Return the request that was stored as a difference; raises LookupError where what was before is not there."""
    if AFTER not in stored and IN not in stored:
        return {**stored, _MESSAGES: [_folded(each) for each in stored[_MESSAGES]]}
    if IN in stored:
        where, known, before = f"conversation {stored[IN]['name']!r}", _said(stored, said), {}
    elif before is None:
        raise LookupError(f"what was sent at {stored[AFTER]} is not there")
    else:
        where = f"what was sent at {stored[AFTER]}"
        known = before[_MESSAGES] if answer is None else [*before[_MESSAGES], _folded(_alone(answer))]
    messages: list[Json] = []
    for each in stored[_MESSAGES]:
        if is_array(each):
            first, count, *trim = each
            if first + count > len(known):
                raise LookupError(f"{where} has {len(known)} messages")
            span = known[first : first + count]
            messages += [trimmed_message(message, trim[0]) for message in span] if trim else span
        else:
            messages.append(_folded(each))
    if _ARGUMENTS in stored.get(IN, {}):
        messages = joined(messages)
    own = {name: value for name, value in stored.items() if name not in (AFTER, IN)}
    return {**before, **own, _MESSAGES: messages}


def _said(stored: Mapping[str, Json], said: SaidBefore | None) -> list[Json]:
    """Return what was said before in the conversation that a stored request refers to."""
    name, revision = stored[IN]["name"], stored[IN]["revision"]
    known = None if said is None else said(name, revision)
    if known is None:
        raise LookupError(f"the {revision} messages that were in conversation {name!r} by then were deleted")
    heard = heard_by(stored[IN][_AGENT], known)
    if _ARGUMENTS in stored[IN]:
        return parts_sent(heard, stored[IN][_ARGUMENTS])
    return [_folded(_alone(sent_message({_INSTRUCTIONS: None, **each}))) for each in heard]


def same_as_before(stored: Mapping[str, Json]) -> int:
    """Return with how many of the messages of the request before it, and of its answer, a stored request begins."""
    begin: Json = next(iter(stored[_MESSAGES]), None) if AFTER in stored else None
    return begin[1] if is_array(begin) and not begin[0] and len(begin) == _PAIR else 0


def _characters(now: Mapping[str, Json]) -> int | None:
    """Return to how many characters results of tools are trimmed; None where they are not."""
    changes = now.get(CONTEXT, ())
    return next((each["characters"] for each in changes if each["kind"] == "trimmed"), None)


def _quoted(messages: Sequence[Json], known: list[Json], characters: int | None) -> list[Json]:
    """Return the messages, those that are known by their places. Mostly these are all, and new ones follow."""
    forms = [known]
    if characters is not None:
        forms.append([trimmed_message(each, characters) for each in known])
    found: list[Json] = []
    span: list[int] = []
    at, end, goes_on, held = 0, len(known), True, forms
    for message in messages:
        now = [form for form in held if at < end and form[at] == message]
        if not now:
            goes_on = goes_on and at == end
            span, at = [], end if goes_on else _place_of(message, forms, at)
            now = [form for form in forms if at < end and form[at] == message]
        held = now or forms
        if at == end:
            found.append(_alone(message))
            continue
        if not span:
            found.append(span := [at, 0])
        span[1:] = [span[1] + 1, *([] if now[0] is known or characters is None else [characters])]
        at += 1
    return found


def _place_of(message: Json, forms: Sequence[list[Json]], at: int) -> int:
    """Return where a message is among those that are known: rather behind a place than before it."""
    for start in (at, 0):
        for form in forms:
            with suppress(ValueError):
                return form.index(message, start)
    return len(forms[0])


def _alone(message: Mapping[str, Json]) -> Json:
    """Return a message as it is stored: without instructions, which are those of the request, and bytes of files."""
    parts = [_unfolded(part) if part["part_kind"] == _PROMPT else part for part in message["parts"]]
    said = {**message, "parts": parts}
    said.pop(_INSTRUCTIONS, None)
    texts = all(isinstance(part.get("content"), str) for part in parts)
    return said if texts or _A_FILE not in orjson.dumps(parts) else _without_files(said)


def _unfolded(part: Mapping[str, Json]) -> Json:
    """Return a part that is stored; JSON at the end of a long prompt as JSON, so that it can quote what it says again.

    As text it stands there with all its quotation marks escaped, as nowhere else.
    """
    text = part.get("content")
    if not isinstance(text, str) or len(text) < _LONG or text[-1] not in "]}":
        return part
    at = min(found for found in (text.find("["), text.find("{"), len(text)) if found >= 0)
    try:
        value = orjson.loads(text[at:])
        again = _as_text(value) == text[at:] and _can_be_stored(value)
    except (ValueError, RecursionError):
        return part
    return {**part, "content": {_JSON: value, "before": text[:at]}} if again else part


def _can_be_stored(value: Json) -> bool:
    """Whether a value is not too deep to be written: JSON is read that is deeper than what is written."""
    for _ in range(_LEVELS):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _folded(message: Mapping[str, Json]) -> Json:
    """Return a stored message with its prompts as they were sent."""
    return {**message, "parts": [_folded_part(part) for part in message["parts"]]}


def _folded_part(part: Mapping[str, Json]) -> Json:
    content = part.get("content")
    if part["part_kind"] != _PROMPT or not is_object(content) or content.keys() != {_JSON, "before"}:
        return part
    return {**part, "content": f"{content['before']}{_as_text(content[_JSON])}"}


def _as_text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without_files(value: Json) -> Json:
    """Return a value with the type, size and digest of each picture or other file in it instead of its bytes."""
    if is_array(value):
        return [_without_files(each) for each in value]
    if not is_object(value):
        return value
    content = _bytes_of(value)
    if content is None:
        return {name: _without_files(each) for name, each in value.items()}
    described = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    return {"kind": "binary", "media_type": value.get("media_type"), **described}


def _bytes_of(value: Mapping[str, Json]) -> bytes | None:
    data = value.get("data")
    if value.get("kind") != "binary" or not isinstance(value.get("media_type"), str) or not isinstance(data, str):
        return None
    try:
        return b64decode(data, altchars=b"-_", validate=True)
    except ValueError:
        return None  # somebody's own object that looks like a file
