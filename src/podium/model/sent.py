"""What was sent to a model, recorded as the difference from what was sent before it in the same conversation.

A request is an object: `model`, `instructions`, `settings`, `tools`, `native_tools`, `output` and `messages`, in the
form in which Pydantic AI writes them; `context` is what rules did to the messages. Stored, a field stands only where it
differs from the request before, and messages, or parts, that were there before stand as their places: so a
conversation of any length is stored once.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import get_args

import orjson

from podium.model.context_change import CONTEXT_CHANGES
from podium.model.conversation_state import ConversationMessage
from podium.model.expected import Expected
from podium.model.heard import heard_by, heard_each
from podium.model.json import Json, is_array, is_object
from podium.model.parts_said import Arguments, apart, joined, parts_sent
from podium.model.places import are_joined, has_places, parted, quoted, requests_joined, said_again

AFTER = "after"
"""Names the step of the request that it differs from."""

IN = "conversation"
"""Names the conversation whose messages it refers to: `{"name": …, "revision": how many, "agent": who hears it}`.

With `each` it refers to these one by one, as they were said: to each `message`, or to each `part` of them, an answer
counted as one, and requests that follow each other are one; with `arguments` to the parts that agents of all frameworks
read, each counted as a message.
"""

_AGENT = "agent"
_EACH, _PART, _MESSAGE = "each", "part", "message"
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
    """Who hears it so; see `heard_each`."""
    messages: Sequence[Json]
    """As they are sent, one by one."""
    arguments: Arguments | None = None
    """How uses of tools are sent, where `messages` have one part each, as `parts_sent` gives them."""


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
        return _is_place(value)
    if not is_object(value) or value.get("kind") not in ("request", "response"):
        return False
    parts = value.get("parts")
    return is_array(parts) and all(map(_is_part, parts))


def _is_part(value: object) -> bool:
    return _is_place(value) if is_array(value) else is_object(value) and isinstance(value.get("part_kind"), str)


def _is_place(value: Sequence[object]) -> bool:
    return len(value) in (_PAIR, _PAIR + 1) and all(isinstance(each, int) and each >= 0 for each in value)


def _is_turn(value: object) -> bool:
    if not is_object(value) or value.get(_ARGUMENTS, "text") not in get_args(Arguments):
        return False
    named = isinstance(value.get("name"), str) and isinstance(value.get(_AGENT, ""), str)
    return named and isinstance(value.get("revision"), int) and value.get(_EACH, _PART) in (_PART, _MESSAGE)


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
        '{"name": …, "revision": …, "agent": …}, with "each": "message" or "part" where places count these one by one, '
        'with "arguments": "text" or "object" where they are those of parts of all frameworks',
        _is_turn,
    ),
    "settings": Expected("an object", is_object),
    "tools": Expected('a list of {"name": …, "description": …, "schema": …}', _all(_is_tool)),
    "native_tools": Expected("a list of texts", _all(_TEXT.fits)),
    "output": Expected('{"mode": …, "schema": …}, {"mode": …, "tools": […]} or None', _is_output),
    CONTEXT: CONTEXT_CHANGES,
    _MESSAGES: Expected(
        'a list of {"kind": "request" or "response", "parts": [{"part_kind": "text", …}, …]}, [first, count] or '
        "[first, count, characters]; such places may stand among parts too",
        _all(_is_message),
    ),
}  # fmt: skip


def sent_message(message: Mapping[str, Json]) -> Json:
    """Return what a message says, without what no model sees: ids of runs, times, usage."""
    parts = [
        {key: value for key, value in part.items() if value is not None and is_sent(key)} for part in message["parts"]
    ]
    if message["kind"] == "response":
        return {"kind": "response", "parts": parts}
    return {"kind": "request", "parts": parts, _INSTRUCTIONS: message[_INSTRUCTIONS]}


def is_sent(field: str) -> bool:
    """Whether a field of a message's part is sent to models."""
    return field not in _NOT_SENT


def difference(
    now: Mapping[str, Json], before: Mapping[str, Json] | None, answer: Json, place: str, earlier: Earlier | None = None
) -> Json:
    """Return how a request is stored, after another one and its answer; whole where there is none before it.

    `place` is that of the step of the request before. In `messages` stand places, as `quoted` has them, in the messages
    of that request with its answer behind them, and whole messages. Where there is none before it, they are places in
    what was said earlier in a conversation, if anything of that is sent.
    """
    if before is None and earlier is not None:
        told, messages, known = _apart(now[_MESSAGES], earlier)
        stored = quoted(messages, known, _characters(now))
        if has_places(stored):
            return {IN: told, **now, _MESSAGES: [_alone(each) for each in stored]}
    if before is None:
        return {**now, _MESSAGES: [_alone(each) for each in now[_MESSAGES]]}
    changed = {name: value for name, value in now.items() if name != _MESSAGES and value != before.get(name)}
    known = before[_MESSAGES] if answer is None else [*before[_MESSAGES], answer]
    stored = quoted(now[_MESSAGES], known, _characters(now))
    return {AFTER: place, **changed, _MESSAGES: [_alone(each) for each in stored]}


def _apart(messages: Sequence[Json], earlier: Earlier) -> tuple[Json, Sequence[Json], Sequence[Json]]:
    """Return how a request refers to what was said earlier, and both so that places are few.

    Frameworks send as one message what follows each other from one side: parts are counted, of all that is sent so.
    """
    told = {"name": earlier.name, "revision": earlier.revision, _AGENT: earlier.agent}
    if earlier.arguments is not None:
        return {**told, _ARGUMENTS: earlier.arguments}, apart(messages), earlier.messages
    if are_joined(messages):
        return {**told, _EACH: _PART}, parted(messages), parted(earlier.messages)
    return {**told, _EACH: _MESSAGE}, messages, earlier.messages


def put_together(
    stored: Mapping[str, Json], before: Mapping[str, Json] | None, answer: Json, said: SaidBefore | None = None
) -> dict[str, Json]:
    """Return the request that was stored as a difference; raises LookupError where what was before is not there."""
    where, known, same = "what was sent before", list[Json](), dict[str, Json]()
    if IN in stored:
        where, known = f"conversation {stored[IN]['name']!r}", _said(stored, said)
    elif AFTER in stored:
        where = f"what was sent at {stored[AFTER]}"
        if before is None:
            raise LookupError(f"{where} is not there")
        known = before[_MESSAGES] if answer is None else [*before[_MESSAGES], _folded(_alone(answer))]
        same.update(before)
    messages = said_again([_folded(each) for each in stored[_MESSAGES]], known, where)
    if _ARGUMENTS in stored.get(IN, {}):
        messages = joined(messages)
    elif stored.get(IN, {}).get(_EACH) == _PART:
        messages = requests_joined(messages)
    own = {name: value for name, value in stored.items() if name not in (AFTER, IN)}
    return {**same, **own, _MESSAGES: messages}


def _said(stored: Mapping[str, Json], said: SaidBefore | None) -> list[Json]:
    """Return what was said before in the conversation that a stored request refers to."""
    name, revision = stored[IN]["name"], stored[IN]["revision"]
    known = None if said is None else said(name, revision)
    if known is None:
        raise LookupError(f"the {revision} messages that were in conversation {name!r} by then were deleted")
    heard = _heard(stored[IN], known)
    if _ARGUMENTS in stored[IN]:
        return parts_sent(heard, stored[IN][_ARGUMENTS])
    messages = [_folded(_alone(sent_message({_INSTRUCTIONS: None, **each}))) for each in heard]
    return parted(messages) if stored[IN].get(_EACH) == _PART else messages


def _heard(turn: Mapping[str, Json], known: Sequence[ConversationMessage]) -> list[Json]:
    """Return messages as the places in a stored request count them: those of earlier versions counted otherwise."""
    if _AGENT not in turn:
        return [each.message for each in known]
    return heard_each(turn[_AGENT], known) if _EACH in turn else heard_by(turn[_AGENT], known)


def same_as_before(stored: Mapping[str, Json]) -> int:
    """Return with how many of the messages of the request before it, and of its answer, a stored request begins."""
    begin: Json = next(iter(stored[_MESSAGES]), None) if AFTER in stored else None
    return begin[1] if is_array(begin) and not begin[0] and len(begin) == _PAIR else 0


def _characters(now: Mapping[str, Json]) -> int | None:
    """Return to how many characters results of tools are trimmed; None where they are not."""
    changes = now.get(CONTEXT, ())
    return next((each["characters"] for each in changes if each["kind"] == "trimmed"), None)


def _alone(message: Json) -> Json:
    """Return a message as it is stored: without instructions, which are those of the request, and bytes of files.

    Places stay as they are.
    """
    if is_array(message):
        return message
    parts = [
        _unfolded(part) if not is_array(part) and part["part_kind"] == _PROMPT else part for part in message["parts"]
    ]
    said = {**message, "parts": parts}
    said.pop(_INSTRUCTIONS, None)
    texts = all(is_array(part) or isinstance(part.get("content"), str) for part in parts)
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


def _folded(message: Json) -> Json:
    """Return a stored message with its prompts as they were sent; places stay as they are."""
    return message if is_array(message) else {**message, "parts": [_folded_part(part) for part in message["parts"]]}


def _folded_part(part: Json) -> Json:
    if is_array(part):
        return part
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
