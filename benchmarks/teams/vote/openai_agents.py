import asyncio
from collections import Counter

from agents import Agent, Runner

MODEL = "gpt-4o"

tester = Agent(name="tester", model=MODEL, instructions="Decide by the tests: ship or wait.")
auditor = Agent(name="auditor", model=MODEL, instructions="Decide by the risk: ship or wait.")
seller = Agent(name="seller", model=MODEL, instructions="Decide by the customers: ship or wait.")


async def run(task: str) -> str:
    results = await asyncio.gather(*(Runner.run(voter, task) for voter in (tester, auditor, seller)))
    votes = Counter(result.final_output.strip() for result in results)
    return votes.most_common(1)[0][0]
