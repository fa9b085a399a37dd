from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import SelectorGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

planner = AssistantAgent("planner", model_client=model, system_message="You plan. Say DONE once all is checked.")
checker = AssistantAgent("checker", model_client=model, system_message="You check what was planned.")
seller = AssistantAgent("seller", model_client=model, system_message="You sell.")
team = SelectorGroupChat(
    [planner, checker, seller],
    model_client=model,
    selector_prompt="Choose who speaks next: planner, checker or seller. {history}",
    termination_condition=TextMentionTermination("DONE") | MaxMessageTermination(9),
)


async def run(task: str) -> str:
    result = await team.run(task=task)
    return result.messages[-1].content
