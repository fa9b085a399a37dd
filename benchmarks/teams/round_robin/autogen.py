from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

designer = AssistantAgent(
    "designer", model_client=model, system_message="You design. Say AGREED once you both want the same."
)
builder = AssistantAgent("builder", model_client=model, system_message="You build. Say what is cheaper.")
ends = TextMentionTermination("AGREED") | MaxMessageTermination(9)
team = RoundRobinGroupChat([designer, builder], termination_condition=ends)


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
