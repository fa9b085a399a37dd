from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import HandoffBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

stored = {"require_per_service_call_history_persistence": True}
triage = Agent(
    client,
    "You receive customers. Hand over what others do, and say goodbye.",
    name="triage",
    description="Receives customers.",
    **stored,
)
billing = Agent(
    client, "You explain bills. Hand refunds over.", name="billing", description="Explains bills.", **stored
)
refunds = Agent(
    client,
    "You pay money back. Hand the customer back when it is done.",
    name="refunds",
    description="Pays money back.",
    **stored,
)
team = (
    HandoffBuilder(participants=[triage, billing, refunds])
    .with_start_agent(triage)
    .add_handoff(triage, [billing])
    .add_handoff(billing, [refunds])
    .add_handoff(refunds, [triage])
    .build()
)


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1].text
