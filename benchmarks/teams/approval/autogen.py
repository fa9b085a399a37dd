import json
from pathlib import Path

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import HandoffTermination, TextMessageTermination
from autogen_agentchat.messages import HandoffMessage
from autogen_agentchat.teams import Swarm
from autogen_ext.models.openai import OpenAIChatCompletionClient


def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


clerk = AssistantAgent(
    "clerk",
    model_client=OpenAIChatCompletionClient(model="gpt-4o"),
    system_message="You pay invoices once a person has approved them.",
    tools=[pay],
    handoffs=["user"],
    reflect_on_tool_use=True,
)
team = Swarm([clerk], termination_condition=HandoffTermination("user") | TextMessageTermination("clerk"))


async def start(task: str) -> str:
    result = await team.run(task=task)
    Path("team.json").write_text(json.dumps(await team.save_state()))
    return result.messages[-1].content


async def finish() -> str:
    await team.load_state(json.loads(Path("team.json").read_text()))
    result = await team.run(task=HandoffMessage(source="user", target="clerk", content="Approved."))
    return result.messages[-1].content
