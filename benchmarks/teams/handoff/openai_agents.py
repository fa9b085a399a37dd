from agents import Agent, Runner

MODEL = "gpt-4o"

refunds = Agent(
    name="refunds",
    model=MODEL,
    instructions="You pay money back. Hand the customer back when it is done.",
    handoff_description="Pays money back.",
)
billing = Agent(
    name="billing",
    model=MODEL,
    instructions="You explain bills. Hand refunds over.",
    handoff_description="Explains bills.",
    handoffs=[refunds],
)
triage = Agent(
    name="triage",
    model=MODEL,
    instructions="You receive customers. Hand over what others do, and say goodbye.",
    handoff_description="Receives customers.",
    handoffs=[billing],
)
refunds.handoffs.append(triage)


async def run(task: str) -> str:
    result = await Runner.run(triage, task)
    return result.final_output
