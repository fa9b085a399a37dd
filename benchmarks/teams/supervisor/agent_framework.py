from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

client = OpenAIChatCompletionClient(model="gpt-4o")

flights = Agent(client, "You find flights.", name="flights", description="Finds flights.")
hotels = Agent(client, "You find hotels.", name="hotels", description="Finds hotels.")
manager = Agent(
    client,
    "You plan trips. Have your workers look things up.",
    name="manager",
    tools=[flights.as_tool(), hotels.as_tool()],
)


async def run(task: str) -> str:
    result = await manager.run(task)
    return result.text
