from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import mentions, refine

MODEL = "openai-chat:gpt-4o"

writer = llm_agent("writer", model=MODEL, instructions="Write a slogan. Heed what the critic says.")
critic = llm_agent("critic", model=MODEL, instructions="Judge the slogan: say ACCEPTED, or what is wrong.")
team = refine(writer, critic, until=mentions("ACCEPTED", by="critic"), rounds=3, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
