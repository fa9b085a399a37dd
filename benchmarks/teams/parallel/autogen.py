from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

origin = AssistantAgent("origin", model_client=model, system_message="Say where it comes from.")
trade = AssistantAgent("trade", model_client=model, system_message="Say who sells it.")
content = AssistantAgent("content", model_client=model, system_message="Say what is in it.")
summary = AssistantAgent("summary", model_client=model, system_message="Sum up the findings in one sentence.")
builder = DiGraphBuilder()
for researcher in (origin, trade, content):
    builder.add_node(researcher)
builder.add_node(summary)
for researcher in (origin, trade, content):
    builder.add_edge(researcher, summary)
team = GraphFlow([origin, trade, content, summary], builder.build())


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
