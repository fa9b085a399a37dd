"""What messages of a conversation are to look like, so that every agent that comes later can read them."""

from collections.abc import Callable, Mapping

from podium.errors import InvalidValue
from podium.model.corrections import RETRY_FEEDBACK, RETRY_PROMPT
from podium.model.expected import Expected, is_list
from podium.model.json import Json, decode, encode, is_array, is_object
from podium.model.tool_uses import unpaired

_Fits = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_prompt(value: object) -> bool:
    """Whether it is a text, or texts and files."""
    return _is_text(value) or (is_array(value) and all(_is_text(each) or _has_kind(each) for each in value))


def _has_kind(value: object) -> bool:
    if not is_object(value) or not isinstance(kind := value.get("kind"), str) or kind not in _CONTENT:
        return False
    return all(_is_text(value.get(name)) for name in _CONTENT[kind])


def _is_file(value: object) -> bool:
    return is_object(value) and all(_is_text(value.get(name)) for name in _CONTENT["binary"])


def _are_errors(value: object) -> bool:
    return _is_text(value) or (
        is_array(value) and all(is_object(each) and {"type", "loc", "msg", "input"} <= each.keys() for each in value)
    )


def _are_arguments(value: object) -> bool:
    return value is None or _is_text(value) or is_object(value)


_CONTENT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("video-url", "audio-url", "image-url", "document-url"), ("url",)), "text-content": ("content",),
    "binary": ("data", "media_type"), "uploaded-file": ("file_id", "provider_name"), "cache-point": (),
}  # fmt: skip
"""What may stand in a prompt beside texts, with the texts that each has to have."""
_OF_TEXT: Mapping[str, _Fits] = {"content": _is_text}
_ANYTHING = Expected("anything", lambda _: True).fits
_RETURNED: Mapping[str, _Fits] = {"tool_name": _is_text, "content": _ANYTHING}
_CALLED: Mapping[str, _Fits] = {"tool_name": _is_text}
PARTS: Mapping[str, Mapping[str, Mapping[str, _Fits]]] = {
    "request": {
        "system-prompt": _OF_TEXT, "user-prompt": {"content": _is_prompt}, "tool-return": _RETURNED,
        RETRY_PROMPT: {"content": _are_errors}, RETRY_FEEDBACK: {"content": _are_errors, "retry": is_object},
        "speech": {"speaker": _is_text}, "compaction": {}, "tool-availability-delta": {}, "capability-load-delta": {},
        "model-settings-delta": {"settings": is_object}, "instruction-delta": {"id": _ANYTHING, "content": _ANYTHING},
        "instruction-baseline": {"instructions": is_array},
    },
    "response": {
        "text": _OF_TEXT, "thinking": _OF_TEXT, "tool-call": _CALLED, "builtin-tool-call": _CALLED,
        "builtin-tool-return": _RETURNED, "file": {"content": _is_file}, "speech": {"speaker": _is_text},
        "compaction": {},
    },
}  # fmt: skip
"""The kinds of parts that Pydantic AI reads, by the kind of the message, with the fields that each has to have."""


def checked_messages(messages: object) -> list[Json]:
    """Return messages as they are stored; raises InvalidValue for what is none, or what could not be read again."""
    if not is_list(messages):
        raise InvalidValue(f"what is said is {messages!r:.200}: expected a list of messages, such as {_EXAMPLE}")
    stored = [_checked(place, each) for place, each in enumerate(messages)]
    for (place, _), tool in unpaired(stored).items():
        raise InvalidValue(
            f"message {place} of what is said has a use of the tool {tool!r} without its result, or a result without "
            "its use: expected a tool-call, and after it the tool-return or retry-prompt of the same tool_call_id. Add "
            "both together."
        )
    return stored


_EXAMPLE = '[{"kind": "response", "parts": [{"part_kind": "text", "content": "Hello"}]}]'


def _checked(place: int, message: object) -> Json:
    what = f"message {place} of what is said"
    stored: Json = decode(encode(message, what))
    kind: object = stored.get("kind") if is_object(stored) else None
    kinds = PARTS.get(kind) if isinstance(kind, str) else None
    if kinds is None or not is_array(stored.get("parts")):
        raise InvalidValue(
            f'{what} is {stored!r:.200}: expected {{"kind": "request" or "response", "parts": […]}}, as in {_EXAMPLE}'
        )
    for each in stored["parts"]:
        _check_part(what, stored["kind"], kinds, each)
    return stored


def _check_part(what: str, kind: str, kinds: Mapping[str, Mapping[str, _Fits]], part: Json) -> None:
    named = part.get("part_kind") if is_object(part) else None
    if not isinstance(named, str) or named not in kinds:
        raise InvalidValue(
            f"{what} has the part {part!r:.200}: expected an object whose part_kind is one of {', '.join(kinds)} "
            f"in a {kind}"
        )
    wrong = [name for name, fits in kinds[named].items() if name not in part or not fits(part[name])]
    if not _are_arguments(part.get("args")):
        wrong.append("args")
    if wrong:
        raise InvalidValue(
            f"{what} has the part {part!r:.200}, without a {wrong[0]} that Pydantic AI reads in a {named}. It writes "
            "such messages with ModelMessagesTypeAdapter.dump_python(messages, mode='json')"
        )
