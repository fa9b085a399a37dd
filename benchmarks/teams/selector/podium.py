from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import group_chat, mentions

MODEL = "openai-chat:gpt-4o"

selector = llm_agent("selector", model=MODEL, instructions="Choose who speaks next: planner, checker or seller.")
planner = llm_agent("planner", model=MODEL, instructions="You plan. Say DONE once all is checked.")
checker = llm_agent("checker", model=MODEL, instructions="You check what was planned.")
seller = llm_agent("seller", model=MODEL, instructions="You sell.")
team = group_chat(planner, checker, seller, next_speaker=selector, until=mentions("DONE"), turns=8, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return (await app.run(team, task)).last
