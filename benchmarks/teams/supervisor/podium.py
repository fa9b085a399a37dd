from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import Delegate, Finish, supervisor

MODEL = "openai-chat:gpt-4o"

manager = llm_agent(
    "manager",
    model=MODEL,
    instructions="You plan trips. Have your workers look things up.",
    output=Delegate | Finish,
)
flights = llm_agent("flights", model=MODEL, instructions="You find flights.", description="Finds flights.")
hotels = llm_agent("hotels", model=MODEL, instructions="You find hotels.", description="Finds hotels.")
team = supervisor(manager, [flights, hotels], gives=str, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
