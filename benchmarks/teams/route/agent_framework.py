from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import HandoffBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

stored = {"require_per_service_call_history_persistence": True}
router = Agent(client, "Say which desk the customer needs: billing or technical.", name="router", **stored)
billing = Agent(client, "You answer questions about bills.", name="billing", **stored)
technical = Agent(client, "You answer technical questions.", name="technical", **stored)
team = (
    HandoffBuilder(
        participants=[router, billing, technical],
        termination_condition=lambda messages: messages[-1].author_name in ("billing", "technical"),
    )
    .with_start_agent(router)
    .build()
)


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1].text
