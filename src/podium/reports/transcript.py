"""A whole conversation as text: for programs, and for people."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from podium.model.conversation_state import ConversationMessage, ConversationState
from podium.model.conversation_text import texts_in
from podium.model.corrections import RETRIES
from podium.model.files import FILE, files_in, without_files
from podium.model.json import Json, encode

TranscriptForm = Literal["jsonl", "markdown"]
"""How a conversation is exported."""


def _json_lines(found: ConversationState, said: Sequence[ConversationMessage]) -> Iterator[str]:
    head: dict[str, Json] = {
        "conversation": found.name, "tenant": found.tenant, "principal": found.principal, "revision": found.revision,
        "created_at": found.created_at, "changed_at": found.changed_at, "forked_from": found.forked_from,
        "forked_at": found.forked_at,
    }  # fmt: skip
    yield encode(head).decode()
    for each in said:
        line: dict[str, Json] = {
            "place": each.place, "author": each.author, "run": each.run, "key": each.key, "at": each.at,
            "edited": each.edited, "message": each.message,
        }  # fmt: skip
        yield encode(line).decode()


def _markdown(found: ConversationState, said: Sequence[ConversationMessage]) -> Iterator[str]:
    yield f"# {found.name}"
    if found.forked_from is not None:
        yield f"\nA fork of {found.forked_from} at place {found.forked_at}."
    for each in said:
        edited = ", edited" if each.edited else ""
        yield f"\n**{each.author}** · {_time(each.at)}{edited}\n"
        yield message_text(each.message)


def message_text(message: Json) -> str:
    """Return what a message says, for people, as Markdown."""
    parts = [_part(part) for part in message["parts"]]
    return "\n\n".join(part for part in parts if part)


def _part(part: Json) -> str:
    """Return a part of a message for people; thoughts, and what only models are told, are left out."""
    match part["part_kind"]:
        case "user-prompt" | "text":
            texts = list(texts_in({"parts": [part]}))
            return "\n\n".join([*texts, *[f"*{FILE}*"] * files_in(part["content"])])
        case "tool-call" | "builtin-tool-call":
            return f"*uses {part['tool_name']}*\n\n{_block(part.get('args'))}"
        case "tool-return" | "builtin-tool-return":
            return f"*{part['tool_name']}*\n\n{_block(without_files(part['content']))}"
        case kind if kind in RETRIES:
            return f"*{part.get('tool_name') or 'what was wrong'}*\n\n{_block(part['content'])}"
        case "file":
            return f"*{FILE}*"
        case _:
            return ""


def _block(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


TRANSCRIPTS: Mapping[TranscriptForm, Callable[[ConversationState, Sequence[ConversationMessage]], Iterator[str]]] = {
    "jsonl": _json_lines, "markdown": _markdown,
}  # fmt: skip
"""Gives the lines of each form."""
