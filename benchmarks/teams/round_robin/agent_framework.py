from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import GroupChatBuilder, GroupChatState

client = OpenAIChatCompletionClient(model="gpt-4o")

designer = Agent(client, "You design. Say AGREED once you both want the same.", name="designer")
builder = Agent(client, "You build. Say what is cheaper.", name="builder")


def by_turns(state: GroupChatState) -> str:
    names = list(state.participants)
    return names[state.current_round % len(names)]


team = GroupChatBuilder(
    participants=[designer, builder],
    selection_func=by_turns,
    termination_condition=lambda messages: "AGREED" in messages[-1].text,
    max_rounds=8,
    output_from="all",
).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-2].text
