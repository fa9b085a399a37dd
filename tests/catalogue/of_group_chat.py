"""`group_chat`."""

from typing import Any

from podium import agent
from podium.patterns.group_chat import Said, group_chat
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def group_chat_chair(messages: list[Said], speakers: dict[str, str]) -> str:
    host, guest = speakers
    return guest if messages and messages[-1].speaker == host else host


@agent
async def group_chat_host(task: str, messages: list[Said]) -> str:
    return f"{task}, {len(messages)} so far"


def topic(told: Any) -> str:
    return told["task"]


def heard_enough(messages: list[Said]) -> bool:
    return messages[-1].text == "go, 2 so far"


def in_short(conversation: Any) -> Any:
    return [[message.text for message in conversation.messages if "," in message.text], conversation.ended]


ENTRY = Entry(
    build=lambda slot: sequence(
        group_chat(group_chat_host, sequence(topic, slot), next_speaker=group_chat_chair, until=heard_enough, turns=4),
        in_short,
    ),
    gives=[["go, 0 so far", "go, 2 so far"], "condition"],
)
