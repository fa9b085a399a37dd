import asyncio
from collections import Counter

from crewai import Agent

LLM = "gpt-4o"

tester = Agent(role="tester", goal="Decide by the tests: ship or wait.", backstory="You test.", llm=LLM)
auditor = Agent(role="auditor", goal="Decide by the risk: ship or wait.", backstory="You audit.", llm=LLM)
seller = Agent(role="seller", goal="Decide by the customers: ship or wait.", backstory="You sell.", llm=LLM)


async def run(task: str) -> str:
    results = await asyncio.gather(*(voter.kickoff_async(task) for voter in (tester, auditor, seller)))
    votes = Counter(result.raw.strip() for result in results)
    return votes.most_common(1)[0][0]
