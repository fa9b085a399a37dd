from agent_framework import Agent, AgentExecutorResponse
from agent_framework.openai import OpenAIChatCompletionClient
from agent_framework.orchestrations import ConcurrentBuilder

client = OpenAIChatCompletionClient(model="gpt-4o")

origin = Agent(client, "Say where it comes from.", name="origin")
trade = Agent(client, "Say who sells it.", name="trade")
content = Agent(client, "Say what is in it.", name="content")
summary = Agent(client, "Sum up the findings in one sentence.", name="summary")


async def sum_up(results: list[AgentExecutorResponse]) -> str:
    findings = "\n".join(result.agent_response.text for result in results)
    return (await summary.run(findings)).text


team = ConcurrentBuilder(participants=[origin, trade, content]).with_aggregator(sum_up).build()


async def run(task: str) -> str:
    result = await team.run(task)
    return result.get_outputs()[-1]
