from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.teams import Swarm
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

triage = AssistantAgent(
    "triage",
    model_client=model,
    system_message="You receive customers. Hand over what others do, and say goodbye.",
    handoffs=["billing"],
)
billing = AssistantAgent(
    "billing",
    model_client=model,
    system_message="You explain bills. Hand refunds over.",
    handoffs=["refunds"],
)
refunds = AssistantAgent(
    "refunds",
    model_client=model,
    system_message="You pay money back. Hand the customer back when it is done.",
    handoffs=["triage"],
)
team = Swarm([triage, billing, refunds], termination_condition=TextMessageTermination("triage"))


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
