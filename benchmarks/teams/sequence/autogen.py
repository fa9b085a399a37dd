from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

writer = AssistantAgent("writer", model_client=model, system_message="Write one sentence about the topic.")
editor = AssistantAgent("editor", model_client=model, system_message="Shorten the sentence that you are given.")
team = RoundRobinGroupChat([writer, editor], max_turns=2)


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
