from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import group_chat, mentions

MODEL = "openai-chat:gpt-4o"

designer = llm_agent("designer", model=MODEL, instructions="You design. Say AGREED once you both want the same.")
builder = llm_agent("builder", model=MODEL, instructions="You build. Say what is cheaper.")
team = group_chat(designer, builder, until=mentions("AGREED"), turns=8, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return (await app.run(team, task)).last
