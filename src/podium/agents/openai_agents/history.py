"""A conversation of Podium as agents of the OpenAI Agents SDK are given it, and what they say in it."""

from collections.abc import Sequence

from agents import RunResult, TResponseInputItem

from podium.agents.openai_agents.messages import conversation
from podium.model.json import Json
from podium.model.parts_said import kept_messages


def items_of(said: Sequence[Json]) -> list[TResponseInputItem]:
    """Return what was said before a call, in messages of one part each, as items."""
    items: list[TResponseInputItem] = []
    for message in said:
        [part] = message["parts"]
        match part["part_kind"]:
            case "user-prompt":
                items.append({"role": "user", "content": part["content"]})
            case "text":
                items.append({"role": "assistant", "content": part["content"]})
            case "tool-call":
                name, call_id = part["tool_name"], part["tool_call_id"]
                items.append({"type": "function_call", "name": name, "call_id": call_id, "arguments": part["args"]})
            case _:
                call_id = part["tool_call_id"]
                items.append({"type": "function_call_output", "call_id": call_id, "output": part["content"]})
    return items


def said_by(asked: str | Sequence[TResponseInputItem], result: RunResult) -> list[Json]:
    """Return what an agent was asked, and what its run added."""
    new = [each.to_input_item() for each in result.new_items]
    return kept_messages([*conversation(asked), *conversation(new)])
