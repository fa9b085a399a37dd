from agent_framework import Agent, FileCheckpointStorage
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import MagenticBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

lead = Agent(client, "Say where the task stands, and who goes on.", name="lead")
researcher = Agent(client, "You look things up.", name="researcher", description="Looks things up.")
writer = Agent(client, "You write.", name="writer", description="Writes.")
storage = FileCheckpointStorage("checkpoints")
team = MagenticBuilder(
    name="tea", participants=[researcher, writer], manager_agent=lead, checkpoint_storage=storage
).build()


async def run(task: str) -> str:
    latest = await storage.get_latest(workflow_name="tea")
    result = await (team.run(checkpoint_id=latest.checkpoint_id) if latest else team.run(task))
    return result.get_outputs()[-1].text
