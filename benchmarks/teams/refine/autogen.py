from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

writer = AssistantAgent("writer", model_client=model, system_message="Write a slogan. Heed what the critic says.")
critic = AssistantAgent(
    "critic", model_client=model, system_message="Judge the slogan: say ACCEPTED, or what is wrong."
)
ends = TextMentionTermination("ACCEPTED", sources=["critic"]) | MaxMessageTermination(7)
team = RoundRobinGroupChat([writer, critic], termination_condition=ends)


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-2].content
