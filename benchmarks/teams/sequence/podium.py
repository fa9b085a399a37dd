from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import sequence

MODEL = "openai-chat:gpt-4o"

writer = llm_agent("writer", model=MODEL, instructions="Write one sentence about the topic.")
editor = llm_agent("editor", model=MODEL, instructions="Shorten the sentence that you are given.")
team = sequence(writer, editor, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
