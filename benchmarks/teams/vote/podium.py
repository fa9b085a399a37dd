from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import vote

MODEL = "openai-chat:gpt-4o"

tester = llm_agent("tester", model=MODEL, instructions="Decide by the tests: ship or wait.")
auditor = llm_agent("auditor", model=MODEL, instructions="Decide by the risk: ship or wait.")
seller = llm_agent("seller", model=MODEL, instructions="Decide by the customers: ship or wait.")
team = vote(tester, auditor, seller, options=["ship", "wait"], name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return (await app.run(team, task)).decision
