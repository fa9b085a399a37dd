from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import ProgressLedger, TaskLedger, magentic

MODEL = "openai-chat:gpt-4o"

plan = llm_agent("plan", model=MODEL, instructions="Note what is known, then plan.", output=TaskLedger)
lead = llm_agent("lead", model=MODEL, instructions="Say where the task stands, and who goes on.", output=ProgressLedger)
researcher = llm_agent("researcher", model=MODEL, instructions="You look things up.", description="Looks things up.")
writer = llm_agent("writer", model=MODEL, instructions="You write.", description="Writes.")
final = llm_agent("final", model=MODEL, instructions="Answer the task with what was found.")
team = magentic(lead, [researcher, writer], ledger=plan, final=final, name="team")


async def run(task: str) -> str:
    async with App.open("team.db") as app:
        return (await app.run(team, task)).answer
