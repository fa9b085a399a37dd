from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import route

MODEL = "openai-chat:gpt-4o"

router = llm_agent("router", model=MODEL, instructions="Say which desk the customer needs: billing or technical.")
billing = llm_agent("billing", model=MODEL, instructions="You answer questions about bills.")
technical = llm_agent("technical", model=MODEL, instructions="You answer technical questions.")
team = route({"billing": billing, "technical": technical}, by=router, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return await app.run(team, task)
