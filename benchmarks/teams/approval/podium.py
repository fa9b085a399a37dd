import asyncio

from pydantic_ai import Tool

from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import sequence


def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


clerk = llm_agent(
    "clerk",
    model="openai-chat:gpt-4o",
    instructions="You pay invoices once a person has approved them.",
    tools=[Tool(pay, requires_approval=True)],
    approvals="boss",
)
team = sequence(clerk, name="team")


async def start(task: str) -> str:
    async with App.open("team.db") as app:
        await app.start(team, task, id="invoice")
        while not (questions := await app.inbox.list(to="boss")):
            await asyncio.sleep(0.01)
        return f"{questions[0].ask.subject}"


async def finish() -> str:
    async with App.open("team.db", agents=[team]) as app:
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True}, by="ada")
        handle = await app.handle("invoice")
        return await handle.result()
