from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import GroupChatBuilder, GroupChatState

client = OpenAIChatCompletionClient(model="gpt-4o")

writer = Agent(client, "Write a slogan. Heed what the critic says.", name="writer")
critic = Agent(client, "Judge the slogan: say ACCEPTED, or what is wrong.", name="critic")


def by_turns(state: GroupChatState) -> str:
    names = list(state.participants)
    return names[state.current_round % len(names)]


team = GroupChatBuilder(
    participants=[writer, critic],
    selection_func=by_turns,
    termination_condition=lambda messages: "ACCEPTED" in messages[-1].text,
    max_rounds=6,
    output_from=[writer],
).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-2].text
