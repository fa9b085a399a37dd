from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import SequentialBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

writer = Agent(client, "Write one sentence about the topic.", name="writer")
editor = Agent(client, "Shorten the sentence that you are given.", name="editor")
team = SequentialBuilder(participants=[writer, editor]).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1].text
