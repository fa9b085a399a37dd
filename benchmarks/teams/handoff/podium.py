from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import Answer, HandOff, handoff

MODEL = "openai-chat:gpt-4o"

triage = llm_agent(
    "triage",
    model=MODEL,
    instructions="You receive customers. Hand over what others do, and say goodbye.",
    output=HandOff | Answer,
    description="Receives customers.",
)
billing = llm_agent(
    "billing",
    model=MODEL,
    instructions="You explain bills. Hand refunds over.",
    output=HandOff | Answer,
    description="Explains bills.",
)
refunds = llm_agent(
    "refunds",
    model=MODEL,
    instructions="You pay money back. Hand the customer back when it is done.",
    output=HandOff | Answer,
    description="Pays money back.",
)
team = handoff(triage, billing, refunds, gives=str, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
