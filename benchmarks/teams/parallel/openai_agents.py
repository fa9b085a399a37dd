import asyncio

from agents import Agent, Runner

MODEL = "gpt-4o"

origin = Agent(name="origin", model=MODEL, instructions="Say where it comes from.")
trade = Agent(name="trade", model=MODEL, instructions="Say who sells it.")
content = Agent(name="content", model=MODEL, instructions="Say what is in it.")
summary = Agent(name="summary", model=MODEL, instructions="Sum up the findings in one sentence.")


async def run(task: str) -> str:
    findings = await asyncio.gather(*(Runner.run(each, task) for each in (origin, trade, content)))
    result = await Runner.run(summary, "\n".join(each.final_output for each in findings))
    return result.final_output
