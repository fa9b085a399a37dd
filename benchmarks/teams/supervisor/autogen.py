from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.tools import AgentTool
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")
sequential = OpenAIChatCompletionClient(model="gpt-4o", parallel_tool_calls=False)

flights = AssistantAgent(
    "flights", model_client=model, system_message="You find flights.", description="Finds flights."
)
hotels = AssistantAgent("hotels", model_client=model, system_message="You find hotels.", description="Finds hotels.")
manager = AssistantAgent(
    "manager",
    model_client=sequential,
    system_message="You plan trips. Have your workers look things up.",
    tools=[AgentTool(flights), AgentTool(hotels)],
    max_tool_iterations=6,
)


async def run(task: str) -> str:
    result = await manager.run(task=task)
    return result.messages[-1].content
