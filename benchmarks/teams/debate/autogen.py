from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

pro = AssistantAgent("pro", model_client=model, system_message="You are for the train. Say why in one sentence.")
con = AssistantAgent("con", model_client=model, system_message="You are for the plane. Say why in one sentence.")
judge = AssistantAgent(
    "judge",
    model_client=model,
    system_message="Choose the better of the last two positions, in its own words.",
)
team = RoundRobinGroupChat([pro, con], max_turns=4)


async def run(task: str) -> str:
    debate = await team.run(task=task)
    result = await judge.run(task=debate.messages)
    return result.messages[-1].content
