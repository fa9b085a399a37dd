from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import MagenticOneGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

researcher = AssistantAgent(
    "researcher", model_client=model, system_message="You look things up.", description="Looks things up."
)
writer = AssistantAgent("writer", model_client=model, system_message="You write.", description="Writes.")
team = MagenticOneGroupChat([researcher, writer], model_client=model)


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
