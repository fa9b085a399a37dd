from collections import Counter

from agent_framework import Agent, AgentExecutorResponse
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import ConcurrentBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

tester = Agent(client, "Decide by the tests: ship or wait.", name="tester")
auditor = Agent(client, "Decide by the risk: ship or wait.", name="auditor")
seller = Agent(client, "Decide by the customers: ship or wait.", name="seller")


def count(results: list[AgentExecutorResponse]) -> str:
    votes = Counter(result.agent_response.text.strip() for result in results)
    return votes.most_common(1)[0][0]


team = ConcurrentBuilder(participants=[tester, auditor, seller]).with_aggregator(count).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1]
