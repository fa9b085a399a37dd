from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import GroupChatBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

selector = Agent(client, "Choose who speaks next: planner, checker or seller.", name="selector")
planner = Agent(client, "You plan. Say DONE once all is checked.", name="planner")
checker = Agent(client, "You check what was planned.", name="checker")
seller = Agent(client, "You sell.", name="seller")
team = GroupChatBuilder(
    participants=[planner, checker, seller],
    orchestrator_agent=selector,
    termination_condition=lambda messages: "DONE" in messages[-1].text,
    max_rounds=8,
    output_from="all",
).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-2].text
