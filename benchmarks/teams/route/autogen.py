from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

router = AssistantAgent(
    "router", model_client=model, system_message="Say which desk the customer needs: billing or technical."
)
billing = AssistantAgent("billing", model_client=model, system_message="You answer questions about bills.")
technical = AssistantAgent("technical", model_client=model, system_message="You answer technical questions.")
builder = DiGraphBuilder()
builder.add_node(router).add_node(billing).add_node(technical)
builder.add_edge(router, billing, condition="billing")
builder.add_edge(router, technical, condition="technical")
team = GraphFlow([router, billing, technical], builder.build())


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
