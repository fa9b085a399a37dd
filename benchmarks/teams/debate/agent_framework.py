from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import GroupChatBuilder, GroupChatState

client = OpenAIChatCompletionClient(model="gpt-4o")

pro = Agent(client, "You are for the train. Say why in one sentence.", name="pro")
con = Agent(client, "You are for the plane. Say why in one sentence.", name="con")
judge = Agent(client, "Choose the better of the last two positions, in its own words.", name="judge")


def order(state: GroupChatState) -> str:
    return ["pro", "con", "pro", "con", "judge"][state.current_round]


team = GroupChatBuilder(participants=[pro, con, judge], selection_func=order, max_rounds=5, output_from=[judge]).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-2].text
