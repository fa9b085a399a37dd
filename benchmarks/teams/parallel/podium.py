from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import parallel

MODEL = "openai-chat:gpt-4o"

origin = llm_agent("origin", model=MODEL, instructions="Say where it comes from.")
trade = llm_agent("trade", model=MODEL, instructions="Say who sells it.")
content = llm_agent("content", model=MODEL, instructions="Say what is in it.")
summary = llm_agent("summary", model=MODEL, instructions="Sum up the findings in one sentence.")
team = parallel(origin, trade, content, merge=summary, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
