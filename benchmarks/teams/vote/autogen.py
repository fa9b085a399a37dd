import asyncio
from collections import Counter

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient

model = OpenAIChatCompletionClient(model="gpt-4o")

tester = AssistantAgent("tester", model_client=model, system_message="Decide by the tests: ship or wait.")
auditor = AssistantAgent("auditor", model_client=model, system_message="Decide by the risk: ship or wait.")
seller = AssistantAgent("seller", model_client=model, system_message="Decide by the customers: ship or wait.")


async def run(task: str) -> str:
    results = await asyncio.gather(*(voter.run(task=task) for voter in (tester, auditor, seller)))
    votes = Counter(result.messages[-1].content.strip() for result in results)
    return votes.most_common(1)[0][0]
