"""A conversation of Podium as agents of the OpenAI Agents SDK are given it, and what they say in it."""

from collections.abc import Sequence

from agents import RunResult, TResponseInputItem

from podium.agents.frameworks.history import arguments_of, kept_messages, parts_said
from podium.agents.openai_agents.messages import conversation
from podium.model.conversation import OpenTurn


async def items_before(turn: OpenTurn | None) -> list[TResponseInputItem]:
    """Return what was said before a call, as items."""
    if turn is None:
        return []
    items: list[TResponseInputItem] = []
    for part in parts_said([each.message for each in await turn.messages()]):
        match part["part_kind"]:
            case "user-prompt":
                items.append({"role": "user", "content": part["content"]})
            case "text":
                items.append({"role": "assistant", "content": part["content"]})
            case "tool-call":
                name, call_id = part["tool_name"], part["tool_call_id"]
                items.append({
                    "type": "function_call", "name": name, "call_id": call_id, "arguments": arguments_of(part),
                })  # fmt: skip
            case "tool-return":
                items.append({
                    "type": "function_call_output", "call_id": part["tool_call_id"], "output": part["content"],
                })  # fmt: skip
            case _:
                pass  # thoughts are their thinker's
    return items


def say(turn: OpenTurn, asked: str | Sequence[TResponseInputItem], result: RunResult) -> None:
    """Say what an agent was asked, and what its run added."""
    new = [each.to_input_item() for each in result.new_items]
    turn.add(kept_messages([*conversation(asked), *conversation(new)]))
