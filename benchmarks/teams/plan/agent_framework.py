from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import MagenticBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

lead = Agent(client, "Say where the task stands, and who goes on.", name="lead")
researcher = Agent(client, "You look things up.", name="researcher", description="Looks things up.")
writer = Agent(client, "You write.", name="writer", description="Writes.")
team = MagenticBuilder(participants=[researcher, writer], manager_agent=lead).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1].text
