"""A conversation of Podium as graphs of LangGraph are given it, and what they say in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage, convert_to_messages

from podium.agents.context.applying import ContextOfCall
from podium.agents.langchain.messages import conversation
from podium.model.conversation import OpenTurn
from podium.model.json import Json, is_object
from podium.model.parts_said import kept_messages
from podium.model.sent import Earlier

_MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class GraphTalk:
    """What a graph whose state has messages hears before it is asked, and the turn in which it speaks."""

    turn: OpenTurn | None
    """None where it was called without a conversation."""
    before: Sequence[BaseMessage]

    def given(self, state: Json) -> Json:
        """Return a state in whose messages stands first what was said before; each has an id."""
        if not is_object(state) or _MESSAGES not in state:
            return state
        messages = [*self.before, *convert_to_messages(state[_MESSAGES])]
        return {**state, _MESSAGES: [_with_id(each, at) for at, each in enumerate(messages)]}

    def say(self, asked: Json, given: Json, result: Json, context: ContextOfCall | None) -> None:
        """Say what the graph was asked, and what messages it has besides those that it was given.

        What was summarized for it is kept with that.
        """
        messages = result.get(_MESSAGES) if is_object(result) else [result]
        if self.turn is None or not is_object(asked) or _MESSAGES not in asked or not messages:
            return
        known = {each.id for each in given[_MESSAGES]}
        new = [each for each in messages if isinstance(each, BaseMessage) and each.id not in known]
        if new:
            said = kept_messages([*conversation(convert_to_messages(asked[_MESSAGES])), *conversation(new)])
            self.turn.add(said if context is None else context.kept_with(said))


def talk_in(turn: OpenTurn | None, earlier: Earlier | None, told: Sequence[Json] = ()) -> GraphTalk | None:
    """Return the turn of a call with what was said before, and what its caller tells; None where there is neither."""
    if turn is None and not told:
        return None
    found: list[BaseMessage] = []
    for message in [*(() if earlier is None else earlier.messages), *told]:
        [part] = message["parts"]
        match part["part_kind"]:
            case "user-prompt":
                found.append(HumanMessage(part["content"]))
            case "text":
                found.append(AIMessage(part["content"]))
            case "tool-call":
                _add_use(found, part)
            case _:
                name, call_id = part["tool_name"], part["tool_call_id"]
                found.append(ToolMessage(part["content"], name=name, tool_call_id=call_id))
    return GraphTalk(turn, found)


def _add_use(found: list[BaseMessage], part: Json) -> None:
    """Add a use of a tool to the answer that it belongs to: uses side by side stand in one."""
    use = {"name": part["tool_name"], "args": part["args"], "id": part["tool_call_id"]}
    last = found[-1] if found else None
    if isinstance(last, AIMessage):
        found[-1] = AIMessage(last.content, tool_calls=[*last.tool_calls, use])
    else:
        found.append(AIMessage("", tool_calls=[use]))


def _with_id(message: BaseMessage, at: int) -> BaseMessage:
    return message if message.id else message.model_copy(update={"id": f"said-{at}"})
