from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import Ruling, debate

MODEL = "openai-chat:gpt-4o"

pro = llm_agent("pro", model=MODEL, instructions="You are for the train. Say why in one sentence.")
con = llm_agent("con", model=MODEL, instructions="You are for the plane. Say why in one sentence.")
judge = llm_agent(
    "judge",
    model=MODEL,
    instructions="Choose the better of the last two positions, in its own words.",
    output=Ruling,
)
team = debate(pro, con, judge=judge, rounds=1, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return (await app.run(team, task)).decision
